"""The requests of AWS Backup that do some work, which the event loop must not wait for."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ministack.core.concurrency import run_offloop

from local.emulator.backups import points
from local.emulator.backups.jobs import Jobs
from local.emulator.backups.points import Response

Handler = Callable[..., Awaitable[Response]]

_POINT_PARTS = 4


def off_the_loop(handle: Handler, jobs: Jobs) -> Handler:
    """Answer them, and leave the others to the emulator."""
    starts = {
        "/backup-jobs": jobs.back_up,
        "/copy-jobs": jobs.copy,
        "/restore-jobs": jobs.restore,
    }

    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        start = starts.get(path.rstrip("/")) if method == "PUT" else None
        if start is not None:
            started: Response = await run_offloop(start, json.loads(body or b"{}"))
            return started
        # /backup-vaults/<vault>/recovery-points/<arn>
        parts = path.strip("/").split("/", _POINT_PARTS - 1)
        if method == "DELETE" and len(parts) == _POINT_PARTS and parts[2] == "recovery-points":
            deleted: Response = await run_offloop(jobs.delete, parts[1], parts[3])
            return deleted
        # MiniStack does not hand the resource on.
        if method == "GET" and parts[0] == "resources" and path.rstrip("/").endswith("/recovery-points"):
            resource = path.strip("/").removeprefix("resources/").removesuffix("/recovery-points")
            return points.of_resource(resource, {name: _first(each) for name, each in query.items()})
        return await handle(method, path, headers, body, query)

    return handle_request


def _first(each: Any) -> str:
    return str(each[0] if isinstance(each, list) else each)
