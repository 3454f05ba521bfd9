"""webapp: a web application that serves pages, is scraped by Prometheus, and is backed up."""

from config.systems.webapp.dev import dev
from config.systems.webapp.prod import prod

ENVIRONMENTS = {"dev": dev, "prod": prod}
