"""A configuration that is another one but for some fields."""

from typing import Any

from config.model import Section


def changed(config: Any, **changes: Any) -> Any:
    """Return a section with some fields changed; `a__b` stands for field or key b of a."""
    for path, value in changes.items():
        name, _, rest = path.partition("__")
        former = config[name] if isinstance(config, dict) else getattr(config, name)
        new = changed(former, **{rest: value}) if rest else value
        if isinstance(config, dict):
            config = {**config, name: new}
        else:
            assert isinstance(config, Section)
            config = config.model_copy(update={name: new})
    return config
