"""platform: schedules are planned, rendered and delivered by four services."""

from config.systems.platform.dev import dev
from config.systems.platform.prod import prod

ENVIRONMENTS = {"dev": dev, "prod": prod}
