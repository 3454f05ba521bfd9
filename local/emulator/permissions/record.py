"""The record of what IAM decided: bounded, in one file that outlives the cloud, read by tools.

Equal decisions are one entry with a count. A role and action with very many resources (the objects of a bucket) keep
the first of them by name; the others are one entry under `ELSEWHERE`.
"""

import threading
import time
from dataclasses import replace
from pathlib import Path

from local.authorizations import ELSEWHERE, Decision, Entry, read, write

MOST_RESOURCES = 40
MOST_ENTRIES = 20_000
_WRITE_SECONDS = 0.5


class Record:
    """All decisions so far. Adding one costs a look into a dictionary; a thread writes the file."""

    def __init__(self, file: Path) -> None:
        """Go on with what the file holds, if it can be read."""
        self._file = file
        self._guard = threading.Lock()
        self._entries: dict[Decision, list[float]] = {
            entry.decision: [entry.count, entry.first, entry.last] for entry in read(file)
        }
        self._resources: dict[tuple[str, str], set[str]] = {}
        for each in self._entries:
            self._resources.setdefault((each.role, each.action), set()).add(each.resource)
        self._changed = False
        self._stopped = threading.Event()
        self._writer = threading.Thread(target=self._write_now_and_then, daemon=True, name="authorizations")
        self._writer.start()

    def add(self, decision: Decision) -> None:
        """Count a decision. Beyond `MOST_ENTRIES` unequal ones, new ones are no longer told apart by resource."""
        now = time.time()
        with self._guard:
            found = self._entries.get(decision)
            if found is None:
                decision = self._within_bounds(decision)
                found = self._entries.setdefault(decision, [0, now, now])
            found[0] += 1
            found[2] = now
            self._changed = True

    def stop(self) -> None:
        """Write what is not yet written."""
        self._stopped.set()
        self._writer.join(timeout=5)

    def _within_bounds(self, decision: Decision) -> Decision:
        known = self._resources.setdefault((decision.role, decision.action), set())
        if decision.resource in known:
            return decision
        if len(known) >= MOST_RESOURCES or len(self._entries) >= MOST_ENTRIES:
            return replace(decision, resource=ELSEWHERE)
        known.add(decision.resource)
        return decision

    def _write_now_and_then(self) -> None:
        while not self._stopped.wait(_WRITE_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        with self._guard:
            if not self._changed:
                return
            self._changed = False
            entries = [
                Entry(decision=decision, count=int(count), first=first, last=last)
                for decision, (count, first, last) in self._entries.items()
            ]
        write(self._file, entries)
