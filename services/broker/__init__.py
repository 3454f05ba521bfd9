"""Events over RabbitMQ: publishing with confirms, and consuming with acknowledgements, retries and dead letters."""

from services.broker.connection import Broker, BrokerUnavailableError
from services.broker.consumer import Consumer
from services.broker.publisher import Publisher
from services.broker.subscription import Subscription

__all__ = ["Broker", "BrokerUnavailableError", "Consumer", "Publisher", "Subscription"]
