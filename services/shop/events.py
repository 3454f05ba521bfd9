"""What the services of the shop tell each other, and who listens to what."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Self
from uuid import UUID

from psycopg import Connection
from pydantic import BaseModel, ConfigDict, ValidationError

from services import inbox, outbox
from services.broker import Subscription
from services.events import Event
from services.failures import PermanentError

EXCHANGE = "events"


class Fact(BaseModel):
    """The payload of an event. Fields that a later version adds are no concern of an earlier one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def of(cls, event: Event) -> Self:
        """Raises PermanentError: a malformed event stays one."""
        try:
            return cls.model_validate(event.payload)
        except ValidationError as error:
            fields = ", ".join(str(fault["loc"][0]) for fault in error.errors() if fault["loc"])
            raise PermanentError(f"{event.topic} is malformed: see {fields or 'its payload'}") from None

    def tell(self, connection: Connection[Any], topic: str) -> None:
        """Stores it for publication, within the caller's transaction."""
        outbox.add(connection, topic, self.model_dump(mode="json"))


class UserRegistered(Fact):
    """Somebody can be reached at this address from now on."""

    user_id: UUID
    email: str
    name: str


class ProductCreated(Fact):
    """Something is offered, by this user at this price."""

    product_id: UUID
    user_id: UUID
    name: str
    price_cents: int


class OrderPlaced(Fact):
    """Somebody wants so many of something, at a total that stays."""

    order_id: UUID
    user_id: UUID
    product_id: UUID
    quantity: int
    total_cents: int


class StockDecided(Fact):
    """An order's goods are set aside, or there are not enough of them, which `reason` then tells."""

    order_id: UUID
    reason: str | None = None


class PaymentCaptured(Fact):
    """An order is paid."""

    order_id: UUID
    amount_cents: int


class OrderConfirmed(Fact):
    """An order is settled: reserved and paid."""

    order_id: UUID
    user_id: UUID
    product_name: str
    quantity: int
    total_cents: int


USER_REGISTERED = "user.registered"
PRODUCT_CREATED = "product.created"
ORDER_PLACED = "order.placed"
INVENTORY_RESERVED = "inventory.reserved"
INVENTORY_REJECTED = "inventory.rejected"
PAYMENT_CAPTURED = "payment.captured"
ORDER_CONFIRMED = "order.confirmed"

_LISTENERS = {
    "order": (PRODUCT_CREATED, INVENTORY_REJECTED, PAYMENT_CAPTURED),
    "inventory": (PRODUCT_CREATED, ORDER_PLACED),
    "payment": (ORDER_PLACED, INVENTORY_RESERVED, INVENTORY_REJECTED),
    "notification": (USER_REGISTERED, ORDER_CONFIRMED),
    "search": (PRODUCT_CREATED,),
}
# Whoever publishes makes all of them first, so that nothing is lost on a service that has not run yet.
SUBSCRIPTIONS: Mapping[str, Subscription] = {
    service: Subscription(exchange=EXCHANGE, queue=f"shop.{service}", topics=topics)
    for service, topics in _LISTENERS.items()
}

Connections = Callable[[], AbstractContextManager[Connection[Any]]]
Handler = Callable[[Connection[Any], Event], None]


def handling(connections: Connections, handlers: Mapping[str, Handler]) -> Callable[[Event], None]:
    """What a consumer does with an event: the handler of its topic, once, in one transaction with what it changes."""

    def handle(event: Event) -> None:
        handler = handlers.get(event.topic)
        if handler is None:
            raise PermanentError(f"nothing here handles {event.topic}")
        with connections() as connection, connection.transaction():
            if inbox.once(connection, event.id):
                handler(connection, event)

    return handle
