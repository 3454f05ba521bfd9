"""Puts the notifier together."""

from fastapi import FastAPI

from services.channels import build_channels
from services.planning.notifier.delivering import Notifier
from services.pool import service_pool
from services.secret_values import SecretValues
from services.serving import app as serving
from services.settings import NotifierSettings


def create_app(settings: NotifierSettings) -> FastAPI:
    """The application: it delivers in the background, and answers for its health and metrics."""
    secrets = SecretValues(settings.aws_region)
    pool = service_pool(settings, secrets)
    return serving.create_app(
        title="Notifier",
        description="Delivers rendered notifications.",
        resources=[pool],
        tasks=[Notifier(pool.connection, build_channels(settings, secrets))],
    )
