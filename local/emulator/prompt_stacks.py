"""Stack operations that are over when the caller first asks.

The CDK CLI looks at a stack right after ExecuteChangeSet and then every five seconds. Stacks take two or three here, so
most of a deployment would be waiting. The answer to ExecuteChangeSet is therefore held back until the operation is
over, at most for one of those intervals: a longer operation is noticed no later than it would have been.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from ministack.services import cloudformation

LONGEST_HOLD_SECONDS = 5.0
_POLL_SECONDS = 0.05


def install() -> None:
    """Hold back the answers."""
    handle = cloudformation.handle_request

    async def hold_back(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
    ) -> tuple[int, dict[str, str], Any]:
        response: tuple[int, dict[str, str], Any] = await handle(method, path, headers, body, query)
        # The equals sign tells the action from a template that grants it, where it is encoded.
        if b"Action=ExecuteChangeSet" in body and response[0] < 400:  # noqa: PLR2004 - accepted
            deadline = time.monotonic() + LONGEST_HOLD_SECONDS
            while _in_progress(body) and time.monotonic() < deadline:
                await asyncio.sleep(_POLL_SECONDS)
        return response

    cloudformation.handle_request = hold_back


def _in_progress(body: bytes) -> bool:
    parameters = parse_qs(body.decode("utf-8", errors="replace"))
    # An ARN is `…:stack/<name>/<uuid>`.
    name = next(iter(parameters.get("StackName", [])), "")
    stack = cloudformation._stacks.get(name.split("/")[1] if name.startswith("arn:") else name)
    return stack is not None and str(stack.get("StackStatus")).endswith("_IN_PROGRESS")
