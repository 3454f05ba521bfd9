"""Types that are accepted and kept in mind without any effect, and the list of them for people."""

import json
import threading
from pathlib import Path

from local.emulator.resources.registry import CreatedAgain, Properties, Provisioned
from local.files import write_atomic


class RecordedOnly:
    """The file that lists every resource without effect: `[{"type", "stack", "logical_id", "physical_id"}]`."""

    def __init__(self, file: Path) -> None:
        """List them in `file`."""
        self._file = file
        self._entries: dict[str, dict[str, str]] = {}
        self._guard = threading.Lock()

    def add(self, kind: str, stack: str, logical_id: str, physical_id: str) -> None:
        """List a resource."""
        with self._guard:
            self._entries[physical_id] = {
                "type": kind,
                "stack": stack,
                "logical_id": logical_id,
                "physical_id": physical_id,
            }
            self._write()

    def remove(self, physical_id: str) -> None:
        """Take a resource off the list."""
        with self._guard:
            self._entries.pop(physical_id, None)
            self._write()

    def _write(self) -> None:
        entries = sorted(self._entries.values(), key=lambda entry: (entry["type"], entry["physical_id"]))
        write_atomic(self._file, json.dumps(entries, indent=2) + "\n")


class RecordedProvider(CreatedAgain):
    """A type without a service behind it."""

    def __init__(self, kind: str, recorded: RecordedOnly) -> None:
        """Provide `kind`."""
        self._kind = kind
        self._recorded = recorded

    def physical_id(self, logical_id: str, properties: Properties, stack: str) -> str:  # noqa: ARG002 - for subtypes
        """What Ref answers; the same for the same resource, so that an update does not replace it."""
        return f"{stack}-{logical_id}"

    def attributes(self, physical_id: str, properties: Properties) -> dict[str, str]:  # noqa: ARG002 - for subtypes
        """What Fn::GetAtt answers."""
        return {"Id": physical_id}

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        """Keep it in mind."""
        physical_id = self.physical_id(logical_id, properties, stack)
        self._recorded.add(self._kind, stack, logical_id, physical_id)
        return physical_id, self.attributes(physical_id, properties)

    def delete(self, physical_id: str, properties: Properties) -> None:  # noqa: ARG002 - CloudFormation's signature
        """Forget it."""
        self._recorded.remove(physical_id)
