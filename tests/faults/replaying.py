"""What failed is sent again: out of the dead-letter queue, out of the database, by everybody at once and repeatedly."""

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from local.web import UnreachableError
from tests.faults.load import is_to_come_again
from tests.faults.stage import Stage
from tests.faults.verdict import stored

_MOST = 1000
# Longer than a letter stays hidden from the next reader, and than a worker that is gone keeps its claim to it.
_LONGEST_SECONDS = 180
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
        name = self.stage.cloud.output("Worker", "ReplayFunctionName")
        try:
            answer = self.stage.cloud.invoke(name, {"limit": _MOST, **event})
        except ClientError as error:
            if error.response["Error"]["Code"] != "TooManyRequestsException":
                raise
            return {}
        content = answer["Payload"]
        if answer.get("FunctionError"):
            self.complaints.append(f"the function failed: {content}")
            return {}
        return dict(content)

    def by_api(self) -> None:
        """One call of the API, which may say to come back."""
        try:
            answer = self.stage.cloud.request("/notifications/replay", {"limit": _MOST})
        except UnreachableError:
            return
        if answer.status != HTTPStatus.ACCEPTED and not is_to_come_again(answer.status):
            self.complaints.append(f"the API answered {answer.status}: {answer.document}")

    def until(self, done: Callable[[], bool], *ways: Callable[[], object]) -> bool:
        """Go all ways at the same time, again and again; whether that led anywhere."""
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not (done() or self.complaints):
            if time.monotonic() > deadline:
                return False
            with ThreadPoolExecutor(len(ways), thread_name_prefix="replay") as executor:
                list(executor.map(lambda way: way(), ways))
            time.sleep(_PAUSE_SECONDS)
        return True


def send_again(stage: Stage, prefix: str, rejected: frozenset[str]) -> list[str]:
    """Some by the dead-letter queue alone, the rest by function and API side by side, then what is left of letters."""
    replay = _Replay(stage, prefix, rejected)
    if first := len(replay.failed()):
        # Whatever else is in the dead-letter queue may be looked at before the first of these.
        others = max(len(stage.messages(stage.dlq_url)) - first, 0)
        counts: list[Mapping[str, int]] = []
        some = min(max(first // 2, 1) + others, _MOST)
        if not replay.until(
            lambda: any(each.get("from_dlq") for each in counts),
            lambda: counts.append(replay.by_function(failed=False, limit=some)),
        ):
            replay.complaints.append(f"nothing was sent again from the dead-letter queue: {counts[-1]}")
    ways: list[Callable[[], object]] = [replay.by_function, replay.by_api]
    if not replay.until(lambda: not replay.failed(), *ways, *ways):
        replay.complaints.append(f"{len(replay.failed())} are still failed after {_LONGEST_SECONDS} s")
    if not replay.until(lambda: not replay.letters(), lambda: replay.by_function(failed=False)):
        replay.complaints.append(f"{replay.letters()} letters are still there after {_LONGEST_SECONDS} s")
    return replay.complaints
