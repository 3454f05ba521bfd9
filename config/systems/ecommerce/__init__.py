"""ecommerce: seven services, each with a database of its own, that talk over RabbitMQ."""

from config.systems.ecommerce.dev import dev
from config.systems.ecommerce.prod import prod

ENVIRONMENTS = {"dev": dev, "prod": prod}
