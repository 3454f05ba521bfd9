"""notifications: an API takes notifications, a worker delivers them by e-mail, SMS, webhook and Telegram."""

from config.systems.notifications.dev import dev
from config.systems.notifications.prod import prod
from config.systems.notifications.staging import staging

ENVIRONMENTS = {"dev": dev, "staging": staging, "prod": prod}
