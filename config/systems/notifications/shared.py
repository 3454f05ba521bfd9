"""notifications: what is the same in every environment, however large it is."""

from config.model import Uses

SYSTEM = "notifications"
OWNER = "platform"
COST_CENTER = "notifications"
DATABASE_NAME = "notifications"
SCHEMA_NAME = "notifications"
# The newest Aurora PostgreSQL that CloudFormation's own rules know.
POSTGRES_VERSION = "18.4"
EMAIL_SENDER = "notifications@example.com"
API_USES = Uses(database="notifications", queue=True)
WORKER_USES = Uses(database="notifications", channels=("email", "sms", "webhook", "telegram"))
