"""`state.json`: what is deployed and where it is reached, for people's scripts and for tests."""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from local.files import write_atomic
from local.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class StackState:
    """One stack of a deployment."""

    stack_name: str
    """CloudFormation's name for it."""
    status: str
    """CloudFormation's stack status."""
    seconds: float
    """How long its last deployment took; 0 when nothing had changed."""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """A system in one of its environments. Several can be deployed side by side."""

    system: str
    env: str
    api_url: str | None
    """The address behind the output `ApiUrl`, in a form that resolves on this machine."""
    stacks: dict[str, StackState]
    """By construct id, as in `cdk deploy Queue`."""

    @property
    def name(self) -> str:
        """What its stacks' names begin with."""
        return f"{self.system}-{self.env}"

    def output(self, name: str) -> str | None:
        """The value of an output, of whichever stack has it."""
        return next((stack.outputs[name] for stack in self.stacks.values() if name in stack.outputs), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The whole of the file, in which the `api_url` of the last deployment stands on top."""

    endpoint_url: str
    ca_bundle: str
    receiver_url: str
    region: str
    account: str
    provider: str
    deployments: dict[str, Deployment]
    """At least one, by name, in the order in which they were last deployed."""

    @property
    def last(self) -> Deployment:
        """The latest deployment."""
        return list(self.deployments.values())[-1]

    def following(self, former: "State | None") -> "State":
        """This state, after what was deployed before and has not been deployed anew."""
        kept = (
            {name: each for name, each in former.deployments.items() if name not in self.deployments} if former else {}
        )
        return replace(self, deployments=kept | self.deployments)

    def save(self, settings: Settings) -> None:
        """Write the file, at once or not at all."""
        # On top, where a line of shell finds it.
        content = {"api_url": self.last.api_url} | asdict(self)
        write_atomic(settings.state_file, json.dumps(content, indent=2) + "\n")


def load(settings: Settings) -> State | None:
    """What is deployed, or None when there is no file that can be read."""
    try:
        content = json.loads(settings.state_file.read_text())
        del content["api_url"]
        deployments = {name: _deployment(each) for name, each in content.pop("deployments").items()}
        return State(**content, deployments=deployments) if deployments else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _deployment(content: dict[str, Any]) -> Deployment:
    stacks = {name: StackState(**stack) for name, stack in content.pop("stacks").items()}
    return Deployment(**content, stacks=stacks)
