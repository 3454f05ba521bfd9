"""`state.json`: what is deployed and where it is reached, for people's scripts and for tests."""

import json
from dataclasses import asdict, dataclass, field

from local.files import write_atomic
from local.settings import Settings


@dataclass(kw_only=True, slots=True)
class StackState:
    """One stack of the last deployment."""

    stack_name: str
    """CloudFormation's name for it."""
    status: str
    """CloudFormation's stack status."""
    seconds: float
    """How long its last deployment took; 0 when nothing had changed."""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class State:
    """The whole of the file."""

    api_url: str | None
    """The address behind the output `ApiUrl`, in a form that resolves on this machine."""
    endpoint_url: str
    ca_bundle: str
    receiver_url: str
    region: str
    account: str
    system: str
    env: str
    provider: str
    stacks: dict[str, StackState]
    """By construct id, as in `cdk deploy Queue`."""

    def save(self, settings: Settings) -> None:
        """Write the file, at once or not at all."""
        write_atomic(settings.state_file, json.dumps(asdict(self), indent=2) + "\n")


def load(settings: Settings) -> State | None:
    """The state of the last deployment, or None when there is none that can be read."""
    try:
        content = json.loads(settings.state_file.read_text())
        stacks = {name: StackState(**stack) for name, stack in content.pop("stacks").items()}
        return State(**content, stacks=stacks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
