"""Makes, lists and revokes the API keys of a deployed system, by the system's own function."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

from rich.console import Console

from local.errors import InputError, LocalError
from local.functions import deployed, invoke
from local.settings import Settings
from local.state import Deployment

# How the output ends that names the function; before it stands the name of a database.
OUTPUT = "KeysFunctionName"
_COLUMNS = ("id", "name", "created_at", "expires_at", "revoked_at", "last_used_at")
_ADVICE = "type: make keys to see the keys there are, make logs to see why"


def keys(
    settings: Settings, console: Console, notes: Console, *, system: str, env: str, event: Mapping[str, object]
) -> None:
    """Call the function, and print what it answers: of a new key, to `console`, nothing but the key itself.

    Args:
        settings: of the cloud.
        console: what was asked for.
        notes: what a person should know besides.
        system: the system.
        env: its environment.
        event: what the function is called with; what is None is left out.

    Raises:
        InputError: the event lacks what its action needs.
        LocalError: the system is not deployed, it takes no keys, or the function failed.
    """
    given = {name: value for name, value in event.items() if value is not None}
    needed = {"create": "name", "revoke": "id"}.get(str(given["action"]))
    if needed is not None and needed not in given:
        raise InputError(f"keys {given['action']} needs --{needed}; see python -m local keys --help")
    answer = invoke(settings, _function(deployed(settings, system, env)), given, advice=_ADVICE)
    if "secret" in answer:
        console.print(answer["secret"], markup=False, soft_wrap=True)
        key = answer["key"]
        until = f", until {key['expires_at']}" if key["expires_at"] else ""
        notes.print(
            f"key {key['name']}, id {key['id']}{until}: it is shown this once; send it as Authorization: Bearer",
            markup=False,
            soft_wrap=True,
        )
        return
    if "keys" not in answer:
        key = answer["key"]
        seconds = answer["refused_within_seconds"]
        notes.print(f"key {key['name']}, id {key['id']}, is refused within {seconds:.0f} s", markup=False)
        return
    rows = [[column.removesuffix("_at").replace("_", " ") for column in _COLUMNS]]
    rows += [[str(key[column] or "-") for column in _COLUMNS] for key in answer["keys"]]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        # Never cut: ids are copied from here.
        line = "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.print(line.rstrip(), markup=False, soft_wrap=True)


@contextmanager
def temporary_key(settings: Settings, deployment: Deployment, purpose: str) -> Iterator[dict[str, str]]:
    """Headers that carry a key of its own while the context lasts; none for a system that takes no keys.

    Raises:
        LocalError: the function failed.
    """
    if not any(name.endswith(OUTPUT) for stack in deployment.stacks.values() for name in stack.outputs):
        yield {}
        return
    function = _function(deployment)
    name = f"{purpose} {uuid4().hex[:8]}"
    # Should it not come to revoking it, it ends by itself.
    event = {"action": "create", "name": name, "expires_in_days": 1}
    made = invoke(settings, function, event, advice=_ADVICE)
    try:
        yield {"authorization": f"Bearer {made['secret']}"}
    finally:
        invoke(settings, function, {"action": "revoke", "id": made["key"]["id"]}, advice=_ADVICE)


def _function(deployment: Deployment) -> str:
    """The function of a deployment.

    Raises:
        LocalError: there is none, or there are several.
    """
    found = {
        name: value
        for stack in deployment.stacks.values()
        for name, value in stack.outputs.items()
        if name.endswith(OUTPUT)
    }
    if len(found) != 1:
        raise LocalError(
            f"{deployment.system} {deployment.env} has {len(found)} outputs that end in {OUTPUT}, not one"
            + (f" ({', '.join(found)}): call the one you mean by the AWS CLI" if found else ": it takes no API keys")
        )
    return next(iter(found.values()))
