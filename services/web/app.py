"""Puts the service together."""

from fastapi import FastAPI

from services.database import Database
from services.pool import connection_pool
from services.secret_values import SecretValues
from services.serving import app as serving
from services.serving.dependency import database
from services.settings import WebSettings
from services.web.routes import router


def create_app(settings: WebSettings) -> FastAPI:
    """The application. It starts without its database."""
    server = Database(
        settings.database, SecretValues(settings.aws_region), application_name=settings.powertools_service_name
    )
    pool = connection_pool(server, settings.database_pool_size)
    app = serving.create_app(
        title="Pages",
        description="Keeps pages of text.",
        routers=[router],
        dependencies=[database(pool)],
        resources=[pool],
    )
    app.state.pool = pool
    return app
