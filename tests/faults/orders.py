"""The notifications of a load."""

from tests.faults.load import Order

_REJECTED_EVERY = 40
_REFUSING = "/webhook/status/410"


def orders_of(prefix: str, count: int, receiver_url: str, *, with_rejected: bool = False) -> list[Order]:
    """So many, over all channels in turn; with_rejected: some of them to a webhook that refuses for good."""
    recipients = {
        "email": "ada@example.com",
        "sms": "+14155550100",
        "telegram": "-1001234567890",
        "webhook": f"{receiver_url}/webhook/faults",
    }
    channels = list(recipients)

    def order(number: int) -> Order:
        text = f"{prefix}{number:05d}"
        if with_rejected and number % _REJECTED_EVERY == 0:
            return Order(text, "webhook", f"{receiver_url}{_REFUSING}")
        channel = channels[number % len(channels)]
        return Order(text, channel, recipients[channel])

    return [order(number) for number in range(count)]


def is_rejected(order: Order) -> bool:
    """Whether its receiver refuses it for good."""
    return order.recipient.endswith(_REFUSING)
