"""Puts the API together."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from services.api import problems
from services.api.access_log import AccessLog
from services.api.pool import Pool, connection_pool
from services.api.routes import router
from services.database import Database
from services.queue import Queue
from services.secret_values import SecretValues
from services.settings import ApiSettings

# Threads that serve requests, by default (anyio's).
_THREADS = 40


def create_app(settings: ApiSettings) -> FastAPI:
    """The application. It needs neither database nor queue to start."""
    database = Database(
        settings.database, SecretValues(settings.aws_region), application_name=settings.powertools_service_name
    )
    pool = connection_pool(database, settings.database_pool_size)
    app = FastAPI(
        title="Notifications",
        description="Sends notifications by e-mail, SMS, webhook and Telegram.",
        version="1",
        # Behind the load balancer a redirect would lead to plain HTTP.
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(pool),
    )
    app.state.pool = pool
    app.state.queue = Queue(settings.queue_url, settings.aws_region, connections=_THREADS)
    app.include_router(router)
    app.add_middleware(AccessLog)
    problems.install(app)
    return app


def _lifespan(pool: Pool) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        pool.open()
        try:
            yield
        finally:
            pool.close()

    return run
