"""Tickets: taken in over HTTP, passed on over RabbitMQ, told over Telegram."""
