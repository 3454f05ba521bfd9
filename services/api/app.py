"""Puts the API together."""

from fastapi import FastAPI

from services.api.routes import router
from services.database import Database
from services.identity.gate import Gate
from services.identity.route import guard_of
from services.outbox import Relay
from services.pool import connection_pool
from services.queue import BATCH, Queue
from services.secret_values import SecretValues
from services.serving import app as serving
from services.serving.dependency import database
from services.settings import ApiSettings


def create_app(settings: ApiSettings) -> FastAPI:
    """The application. It needs neither database nor queue to start, and no queue to take notifications in."""
    server = Database(
        settings.database, SecretValues(settings.aws_region), application_name=settings.powertools_service_name
    )
    pool = connection_pool(server, settings.database_pool_size)
    queue = Queue(settings.queue_url, settings.aws_region)
    # Only woken: an idle API leaves its database to pause. What a task leaves behind when it is killed, the next one
    # finds when it starts, and the sweeper besides.
    relay = Relay(pool.connection, queue.publish, batch=BATCH, idle_seconds=None, ordered=queue.ordered)
    gate = Gate(settings.authentication, pool.connection)
    app = serving.create_app(
        title="Notifications",
        description="Sends notifications by e-mail, SMS, webhook and Telegram.",
        routers=[router],
        guard=guard_of(gate),
        dependencies=[database(pool)],
        resources=[pool, gate],
        tasks=[relay],
    )
    app.state.gate = gate
    app.state.pool = pool
    app.state.relay = relay
    return app
