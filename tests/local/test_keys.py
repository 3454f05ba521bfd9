"""What the operator's command prints of keys: the key where a program reads it, the rest beside it."""

import io
from typing import Any

import pytest
from rich.console import Console

from local import keys as command
from local.errors import InputError, LocalError
from local.settings import Settings
from local.state import Deployment, StackState

KEY = {
    "id": "3f0c9a1be2d4c5f60718",
    "name": "a name that is as long as a name may be, which is sixty-four ch",
    "created_at": "2026-11-21T20:00:00+00:00",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
}


class Printed:
    """What was printed, and what the function was asked."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.console, self.notes = (Console(file=io.StringIO(), width=80) for _ in range(2))

    def text(self, console: Console) -> str:
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()


def run(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, answer: dict[str, Any], outputs: tuple[str, ...], **event: Any
) -> Printed:
    printed = Printed()
    stack = StackState(stack_name="api", status="", seconds=0, outputs=dict.fromkeys(outputs, "function"))
    deployment = Deployment(system="shop", env="dev", api_url=None, stacks={"Api": stack})

    def invoke(*arguments: Any, **_: Any) -> dict[str, Any]:
        printed.events.append(arguments[2])
        return answer

    monkeypatch.setattr(command, "deployed", lambda *_: deployment)
    monkeypatch.setattr(command, "invoke", invoke)
    command.keys(settings, printed.console, printed.notes, system="shop", env="dev", event=event)
    return printed


ONE = ("MainKeysFunctionName",)


def test_a_new_key_is_all_that_is_printed_where_programs_read(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    secret = f"gw_{KEY['id']}_{'x' * 43}"
    printed = run(monkeypatch, settings, {"key": KEY, "secret": secret}, ONE, action="create", name="shop", id=None)
    assert printed.text(printed.console) == secret + "\n"
    assert "shown this once" in printed.text(printed.notes)
    assert "xxx" not in printed.text(printed.notes)
    assert printed.events == [{"action": "create", "name": "shop"}]


def test_lists_are_never_cut(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    printed = run(monkeypatch, settings, {"keys": [KEY, KEY]}, ONE, action="list")
    lines = printed.text(printed.console).splitlines()
    assert len(lines) == 3
    assert all(str(KEY["id"]) in line and str(KEY["name"]) in line for line in lines[1:])


def test_a_revocation_says_when_it_holds(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    answer = {"key": KEY, "refused_within_seconds": 5.0}
    printed = run(monkeypatch, settings, answer, ONE, action="revoke", id=KEY["id"])
    assert "is refused within 5 s" in printed.text(printed.notes).replace("\n", " ")


@pytest.mark.parametrize("event", [{"action": "create", "name": None}, {"action": "revoke", "id": None}])
def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, settings: Settings, event: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"needs --(name|id)"):
        run(monkeypatch, settings, {}, ONE, **event)


@pytest.mark.parametrize(
    ("outputs", "told"), [((), "it takes no API keys"), (("AKeysFunctionName", "BKeysFunctionName"), "AWS CLI")]
)
def test_a_system_with_another_number_of_functions_is_told(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, outputs: tuple[str, ...], told: str
) -> None:
    with pytest.raises(LocalError, match=told):
        run(monkeypatch, settings, {}, outputs, action="list")
