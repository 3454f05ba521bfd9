"""What failed is sent again: out of the dead-letter queue, out of the database, by everybody at once and repeatedly."""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.faults.stage import Stage
from tests.faults.verdict import stored

_MOST = 1000
_ROUNDS = 20
_PAUSE_SECONDS = 0.5


@dataclass(slots=True)
class _Replay:
    """Of all that has failed, only what its receiver refuses for good may stay so."""

    stage: Stage
    prefix: str
    rejected: frozenset[str]
    complaints: list[str] = field(default_factory=list)

    def failed(self) -> set[str]:
        """Texts that are still to be sent again."""
        found = stored(self.stage, self.prefix)
        return {row["body"] for row in found if row["status"] == "failed"} - self.rejected

    def letters(self) -> int:
        """Messages in the dead-letter queue that should not be there."""
        bodies = [each["Body"] for each in self.stage.messages(self.stage.dlq_url)]
        texts = {json.loads(body)["body"] for body in bodies if self.prefix in body and body.startswith("{")}
        return len(texts - self.rejected)

    def by_function(self, **event: Any) -> Mapping[str, int]:
        """One call of the operator's function; nothing if it is at work already."""
        client = self.stage.cloud.client("lambda")
        name = self.stage.cloud.output("Worker", "ReplayFunctionName")
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps({"limit": _MOST, **event}).encode())
        except client.exceptions.TooManyRequestsException:
            return {}
        content: Any = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            self.complaints.append(f"the function failed: {content}")
            return {}
        return dict(content)

    def by_api(self) -> None:
        """One call of the API."""
        answer = self.stage.cloud.request("/notifications/replay", {"limit": _MOST})
        if answer.status != HTTPStatus.ACCEPTED:
            self.complaints.append(f"the API answered {answer.status}: {answer.document}")

    def until(self, done: Callable[[], bool], *ways: Callable[[], object]) -> bool:
        """Go all ways at the same time, again and again; whether that led anywhere."""
        for _ in range(_ROUNDS):
            if done() or self.complaints:
                return True
            with ThreadPoolExecutor(len(ways), thread_name_prefix="replay") as executor:
                list(executor.map(lambda way: way(), ways))
            time.sleep(_PAUSE_SECONDS)
        return done()


def send_again(stage: Stage, prefix: str, rejected: frozenset[str]) -> list[str]:
    """Some by the dead-letter queue alone, the rest by function and API side by side, then what is left of letters."""
    replay = _Replay(stage, prefix, rejected)
    if first := len(replay.failed()):
        # Whatever else is in the dead-letter queue may be looked at before the first of these.
        others = max(len(stage.messages(stage.dlq_url)) - first, 0)
        counts = replay.by_function(failed=False, limit=min(max(first // 2, 1) + others, _MOST))
        if not counts.get("from_dlq"):
            replay.complaints.append(f"nothing was sent again from the dead-letter queue: {dict(counts)}")
    ways: list[Callable[[], object]] = [replay.by_function, replay.by_api]
    if not replay.until(lambda: not replay.failed(), *ways, *ways):
        replay.complaints.append(f"{len(replay.failed())} are still failed after {_ROUNDS} replays")
    if not replay.until(lambda: not replay.letters(), lambda: replay.by_function(failed=False)):
        replay.complaints.append(f"{replay.letters()} letters are still there after {_ROUNDS} replays")
    return replay.complaints
