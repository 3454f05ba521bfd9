"""Facts about one order, and events that tell them."""

from uuid import UUID, uuid4

from services.events import Event
from services.shop.events import (
    Fact,
    OrderConfirmed,
    OrderPlaced,
    PaymentCaptured,
    ProductCreated,
    StockDecided,
    UserRegistered,
)

ADA = uuid4()
PRODUCT = ProductCreated(product_id=uuid4(), user_id=ADA, name="Kettle", price_cents=100)
ORDER = OrderPlaced(order_id=uuid4(), user_id=ADA, product_id=PRODUCT.product_id, quantity=2, total_cents=200)
RESERVED = StockDecided(order_id=ORDER.order_id)
CAPTURED = PaymentCaptured(order_id=ORDER.order_id, amount_cents=200)
CONFIRMED = OrderConfirmed(order_id=ORDER.order_id, user_id=ADA, product_name="Kettle", quantity=2, total_cents=200)
REGISTERED = UserRegistered(user_id=ADA, email="ada@example.com", name="Ada")


def event(topic: str, fact: Fact, event_id: UUID | None = None) -> Event:
    return Event(id=event_id or uuid4(), topic=topic, payload=fact.model_dump(mode="json"))
