"""ticketero: what is the same in every environment, however large it is."""

from typing import Final

from config.model import SubnetBlocks, Uses

SYSTEM = "ticketero"
OWNER = "support"
COST_CENTER = "ticketero"
CIDR = "10.0.0.0/16"
SUBNETS = SubnetBlocks(public=("10.0.1.0/24", "10.0.2.0/24"), private=("10.0.11.0/24", "10.0.12.0/24"))
DATABASE_NAME = "ticketero"
SCHEMA_NAME = "tickets"
POSTGRES_VERSION = "18.4"
RABBITMQ_VERSION: Final = "4.2"
# One program takes tickets in, passes them through the broker, and notifies.
USES = Uses(database="tickets", broker=True, channels=("telegram",))
OPEN_BECAUSE = "a public form with a public list: whoever has a question sends a ticket, and signs in nowhere"
