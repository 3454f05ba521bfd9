"""Puts the worker together."""

from fastapi import FastAPI
from prometheus_client import Counter

from services.background import Loop
from services.planning.connections import Connections
from services.planning.store.rendering import render_planned
from services.planning.worker.rendering import render
from services.pool import service_pool
from services.secret_values import SecretValues
from services.serving import app as serving
from services.settings import RenderingSettings

_RENDERED = Counter("notifications_rendered", "Notifications rendered, by outcome: ready, failed.", ["status"])
# Notifications of one transaction: bounds how long it lasts, and what a crash has to render again.
_BATCH = 100
_POLL_SECONDS = 0.5


def create_app(settings: RenderingSettings) -> FastAPI:
    """The application: it renders in the background, and answers for its health and metrics."""
    pool = service_pool(settings, SecretValues(settings.aws_region))
    return serving.create_app(
        title="Worker",
        description="Renders planned notifications.",
        resources=[pool],
        tasks=[rendering(pool.connection)],
    )


def rendering(connections: Connections) -> Loop:
    """What goes on in the background."""

    def step() -> bool:
        with connections() as connection:
            results = render_planned(connection, render, limit=_BATCH)
        for result in results:
            _RENDERED.labels(result.status).inc()
        return len(results) == _BATCH

    return Loop("worker", step, idle_seconds=_POLL_SECONDS)
