"""Puts the service together: the API, the relay of its outbox, and the consumer that tells of tickets."""

from contextlib import closing

from fastapi import FastAPI

from services.broker import Broker, Consumer, Publisher
from services.channels.telegram import TelegramChannel
from services.database import Database
from services.outbox import Relay
from services.pool import connection_pool
from services.secret_values import SecretValues
from services.serving import app as serving
from services.serving.dependency import database
from services.settings import TicketsSettings
from services.tickets.notifying import EXCHANGE, NOTIFICATIONS, Notifier
from services.tickets.routes import router

# Telegram takes about 30 messages a second from a bot, and answers within some tenths of one.
_CONSUMERS = 2


def create_app(settings: TicketsSettings) -> FastAPI:
    """The application. It starts without database and broker, and needs no broker to take tickets in."""
    secrets = SecretValues(settings.aws_region)
    name = settings.powertools_service_name
    server = Database(settings.database, secrets, application_name=name)
    pool = connection_pool(server, settings.database_pool_size)
    broker = Broker(settings.broker, secrets, client_name=name)
    telegram = TelegramChannel(secrets, secret_arn=settings.telegram_secret_arn, base_url=settings.telegram_base_url)
    notifier = Notifier(pool.connection, telegram.deliver)
    publisher = Publisher(broker, EXCHANGE, [NOTIFICATIONS])
    relay = Relay(pool.connection, publisher.publish)
    consumer = Consumer(broker, NOTIFICATIONS, notifier.handle, give_up=notifier.give_up, threads=_CONSUMERS)
    app = serving.create_app(
        title="Tickets",
        description="Takes tickets in and tells a Telegram chat of each.",
        routers=[router],
        dependencies=[database(pool)],
        resources=[pool, closing(publisher)],
        tasks=[relay, consumer],
    )
    app.state.pool = pool
    app.state.relay = relay
    return app
