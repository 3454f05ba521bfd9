"""Puts the API together."""

from fastapi import FastAPI

from services import cache
from services.planning.api.routes import router
from services.pool import service_pool
from services.read_cache import ReadCache
from services.secret_values import SecretValues
from services.serving import app as serving
from services.serving.dependency import database
from services.settings import PlanningApiSettings

# The other programs change what is read here without a word to the cache: so old may an answer be.
_CACHE_SECONDS = 1


def create_app(settings: PlanningApiSettings) -> FastAPI:
    """The application. It needs neither database nor Redis to start, and no Redis to answer."""
    secrets = SecretValues(settings.aws_region)
    pool = service_pool(settings, secrets)
    app = serving.create_app(
        title="Schedules",
        description="Sends notifications later, or again and again.",
        routers=[router],
        dependencies=[database(pool)],
        resources=[pool],
    )
    app.state.pool = pool
    app.state.cache = ReadCache(cache.connect(settings.cache, secrets), "schedules", ttl_seconds=_CACHE_SECONDS)
    return app
