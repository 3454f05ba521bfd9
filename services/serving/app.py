"""Puts an application together."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI, params

from services.background import Task
from services.serving import probes, problems
from services.serving.access_log import AccessLog
from services.serving.dependency import Dependency
from services.serving.limits import RequestLimits

logger = logging.getLogger(__name__)

# Threads that serve requests, by default (anyio's).
THREADS = 40
# How long background tasks may take to end, after the requests have: together less than the 60 s after which ECS
# kills the task.
TASKS_SECONDS = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """What a document tells of who may ask: by which schemes, and what else may be answered."""

    schemes: Sequence[params.Depends]
    answers: dict[int | str, dict[str, Any]]


def create_app(
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter] = (),
    guard: Guard | None = None,
    dependencies: Sequence[Dependency] = (),
    resources: Sequence[AbstractContextManager[Any]] = (),
    tasks: Sequence[Task] = (),
) -> FastAPI:
    """An application with /health, /metrics and, given dependencies, /ready. It starts whatever is away.

    routers: its operations; without any, it is there for the probes only. guard: what their document tells of who may
    ask them; they guard themselves. resources: entered before the first request
    and left after the last one. tasks: started and stopped likewise, within the resources.
    """
    app = FastAPI(
        title=title,
        description=description,
        version="1",
        # Behind the load balancer a redirect would lead to plain HTTP.
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(resources, tasks),
    )
    # First, so that no operation takes the path of a probe.
    probing = probes.router(dependencies)
    app.include_router(probing)
    for router in routers:
        if guard is None:
            app.include_router(router)
        else:
            app.include_router(router, dependencies=guard.schemes, responses=guard.answers)
    all_routers = (probing, *routers)
    app.add_middleware(RequestLimits)
    # The outermost: what is refused is logged as well.
    app.add_middleware(AccessLog)
    problems.install(app, dependencies, all_routers)
    return app


def _lifespan(
    resources: Sequence[AbstractContextManager[Any]], tasks: Sequence[Task]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            for resource in resources:
                stack.enter_context(resource)
            for task in tasks:
                task.start()
            try:
                yield
            finally:
                await to_thread.run_sync(_stop, tasks)

    return run


def _stop(tasks: Sequence[Task]) -> None:
    deadline = time.monotonic() + TASKS_SECONDS
    for task in tasks:
        task.stop()
    if not all(task.join(max(deadline - time.monotonic(), 0)) for task in tasks):
        logger.warning("a background task did not end in time", extra={"seconds": TASKS_SECONDS})
