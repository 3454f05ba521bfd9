"""Puts the worker together."""

import logging

from fastapi import FastAPI
from prometheus_client import Counter

from services.background import Loop
from services.planning.connections import Connections
from services.planning.store import rendering as store
from services.planning.store.retention import delete_ended
from services.planning.store.schedules import Status
from services.planning.worker.rendering import render
from services.pool import service_pool
from services.secret_values import SecretValues
from services.serving import app as serving
from services.settings import RenderingSettings

logger = logging.getLogger(__name__)

_RENDERED = Counter("notifications_rendered", "Notifications rendered, by outcome: ready, failed.", ["status"])
# Notifications in hand at once. Template and values of one take up to 6 MiB and more on the way here: bounds the
# memory, and what a crash has to render again.
_BATCH = 20
_POLL_SECONDS = 0.5
# Notifications deleted by one statement: bounds how long it lasts.
_DELETED_AT_ONCE = 1000
_TIDY_SECONDS = 15.0


def create_app(settings: RenderingSettings) -> FastAPI:
    """The application: it renders in the background, and answers for its health and metrics."""
    pool = service_pool(settings, SecretValues(settings.aws_region))
    return serving.create_app(
        title="Worker",
        description="Renders planned notifications, and deletes those that ended long ago.",
        resources=[pool],
        tasks=[rendering(pool.connection), tidying(pool.connection)],
    )


def rendering(connections: Connections) -> Loop:
    """Renders what is planned."""

    def step() -> bool:
        with connections() as connection:
            results = store.render_planned(connection, render, limit=_BATCH)
        for result in results:
            _RENDERED.labels(result.status).inc()
        return bool(results)

    return Loop("worker", step, idle_seconds=_POLL_SECONDS)


def tidying(connections: Connections) -> Loop:
    """Ends what no worker survives, and deletes what ended long ago."""

    def step() -> bool:
        with connections() as connection:
            if lost := store.give_up(connection):
                _RENDERED.labels(Status.FAILED).inc(lost)
                logger.error("given up: taken again and again without a text", extra={"notifications": lost})
            return delete_ended(connection, limit=_DELETED_AT_ONCE) == _DELETED_AT_ONCE

    return Loop("tidying", step, idle_seconds=_TIDY_SECONDS)
