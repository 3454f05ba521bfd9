"""ticketero: tickets come in over HTTP, pass through RabbitMQ, and reach people over Telegram."""

from config.systems.ticketero.dev import dev
from config.systems.ticketero.prod import prod

ENVIRONMENTS = {"dev": dev, "prod": prod}
