"""platform: what is the same in every environment, however large it is."""

from config.model import SubnetBlocks, Uses

SYSTEM = "platform"
OWNER = "platform"
COST_CENTER = "platform"
CIDR = "10.0.0.0/16"
SUBNETS = SubnetBlocks(
    public=("10.0.1.0/24", "10.0.2.0/24"),
    private=("10.0.10.0/24", "10.0.20.0/24"),
    isolated=("10.0.100.0/24", "10.0.110.0/24"),
)
DATABASE_NAME = "platform"
SCHEMA_NAME = "planning"
POSTGRES_VERSION = "18.4"
EMAIL_SENDER = "platform@example.com"
API_USES = Uses(database="planning", cache=True)
SCHEDULER_USES = Uses(database="planning", cache=True)
WORKER_USES = Uses(database="planning")
NOTIFIER_USES = Uses(database="planning", channels=("email", "sms", "webhook", "telegram"))
