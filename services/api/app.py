"""Puts the API together."""

from fastapi import FastAPI

from services.api.routes import router
from services.database import Database
from services.pool import connection_pool
from services.queue import Queue, QueueUnavailableError
from services.secret_values import SecretValues
from services.serving import app as serving
from services.serving.dependency import Dependency, database
from services.settings import ApiSettings


def create_app(settings: ApiSettings) -> FastAPI:
    """The application. It needs neither database nor queue to start."""
    server = Database(
        settings.database, SecretValues(settings.aws_region), application_name=settings.powertools_service_name
    )
    pool = connection_pool(server, settings.database_pool_size)
    queue = Queue(settings.queue_url, settings.aws_region, connections=serving.THREADS)
    app = serving.create_app(
        title="Notifications",
        description="Sends notifications by e-mail, SMS, webhook and Telegram.",
        routers=[router],
        dependencies=[
            database(pool),
            Dependency(name="queue", errors=(QueueUnavailableError,), check=queue.check),
        ],
        resources=[pool],
    )
    app.state.pool = pool
    app.state.queue = queue
    return app
