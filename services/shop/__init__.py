"""The shop: seven services, each with a database of its own, that tell each other what happened over RabbitMQ."""
