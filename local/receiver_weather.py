"""Bad weather at the receivers: refusals and delays that are asked for, so that somebody can watch what becomes of it.

`POST /weather {"webhook": {"probability": 0.3, "statuses": [429, 503], "delay_seconds": 0.2}, "seed": 7}` begins it,
`POST /weather {}` ends it.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Self

_MAX_DELAY_SECONDS = 60.0
_REFUSALS = frozenset(status.value for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Weather:
    """What a channel's receiver does instead of taking a delivery at once."""

    probability: float = 0.0
    """Share of the deliveries that are refused."""
    statuses: tuple[int, ...] = (503,)
    """What they are answered with, one of them each."""
    delay_seconds: float = 0.0
    """How long every answer takes."""

    @classmethod
    def of(cls, channel: str, given: object) -> Self:
        """Read what a request asks for.

        Raises:
            ValueError: a name or a value is not allowed; the text says which ones are.
        """
        if not isinstance(given, Mapping):
            raise ValueError(f"{channel}: an object with probability, statuses and delay_seconds is needed")  # noqa: TRY004 - one kind of fault for whoever asks
        unknown = set(given) - {"probability", "statuses", "delay_seconds"}
        if unknown:
            raise ValueError(f"{channel}.{min(unknown)}: unknown; allowed: probability, statuses, delay_seconds")
        made = cls(**{**given, **({"statuses": tuple(given["statuses"])} if "statuses" in given else {})})
        if not 0 <= made.probability <= 1:
            raise ValueError(f"{channel}.probability = {made.probability}: allowed: 0 to 1")
        if not made.statuses or not _REFUSALS.issuperset(made.statuses):
            raise ValueError(
                f"{channel}.statuses = {list(made.statuses)}: allowed: HTTP's own from 400 on, such as 503"
            )
        if not 0 <= made.delay_seconds <= _MAX_DELAY_SECONDS:
            raise ValueError(f"{channel}.delay_seconds = {made.delay_seconds}: allowed: 0 to {_MAX_DELAY_SECONDS:g}")
        return made


@dataclass(slots=True)
class Forecast:
    """The weather of each channel; fair until somebody asks for another."""

    _weathers: dict[str, Weather] = field(default_factory=dict)
    _random: random.Random = field(default_factory=random.Random)

    def change(self, wanted: object, channels: tuple[str, ...]) -> None:
        """Begin another weather everywhere, fair where none is given.

        Raises:
            ValueError: what is wanted is not allowed; nothing changes then.
        """
        if not isinstance(wanted, Mapping) or not set(wanted) <= {*channels, "seed"}:
            raise ValueError(f"an object is needed with some of {', '.join(channels)}, seed")
        seed = wanted.get("seed")
        try:
            weathers = {name: Weather.of(name, given) for name, given in wanted.items() if name != "seed"}
        except TypeError as error:
            raise ValueError(f"a value is of the wrong type: {error}") from None
        self._weathers = weathers
        self._random = random.Random(str(seed)) if seed is not None else random.Random()  # noqa: S311 - no secret

    def of(self, channel: str) -> tuple[float, int | None]:
        """How many seconds the next delivery takes, and the status that it is refused with; None takes it."""
        weather = self._weathers.get(channel)
        if weather is None:
            return 0.0, None
        refused = self._random.random() < weather.probability
        return weather.delay_seconds, self._random.choice(weather.statuses) if refused else None
