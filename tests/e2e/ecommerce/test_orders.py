from collections.abc import Callable

import psutil
import pytest

from tests.e2e.cloud import DeployedCloud, unique
from tests.e2e.ecommerce.shop import Customer
from tests.support.eventually import eventually


@pytest.fixture(scope="module")
def customer(cloud: DeployedCloud) -> Customer:
    """Somebody who has signed in."""
    return Customer.sign_in(cloud)


def test_up_shows_an_order_through_all_seven_services(cloud: DeployedCloud) -> None:
    shown = [line.split()[0] for line in cloud.printed.splitlines() if line.startswith("  ")]
    for part in ("user", "product", "order", "payment", "e-mail", "search"):
        assert part in shown


def test_an_order_is_reserved_paid_confirmed_and_mailed_once(cloud: DeployedCloud, customer: Customer) -> None:
    product = customer.offer(unique(), quantity=3, price_cents=250)
    order = customer.order(product, quantity=2)
    assert customer.settled(order)["status"] == "confirmed"
    payment = customer.read(f"/payments/{order}").document
    assert payment["amount_cents"] == 500
    eventually(lambda: customer.mails(order))
    assert len(customer.mails(order)) == 1
    assert cloud.get(f"/inventory/{product}")["quantity"] == 1


def test_an_order_of_more_than_there_is_is_rejected_and_says_why(cloud: DeployedCloud, customer: Customer) -> None:
    product = customer.offer(unique(), quantity=1)
    order = customer.settled(customer.order(product, quantity=2))
    assert order["status"] == "rejected"
    assert order["reason"]
    assert cloud.get(f"/inventory/{product}")["quantity"] == 1
    payment = f"/payments/{order['id']}"
    eventually(lambda: customer.request(payment).document["status"] == "cancelled")
    assert customer.read(payment).document["captured_at"] is None


def test_a_picture_is_kept_in_the_bucket(cloud: DeployedCloud, customer: Customer) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + unique().encode()
    path = f"/products/{customer.offer(unique(), quantity=1)}/picture"
    assert customer.request(path, picture, method="PUT", content_type="image/png").is_success
    assert cloud.read(path).content == picture
    bucket = cloud.output("Storage", "MediaBucketName")
    stored = cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert len(picture) in {each["Size"] for each in stored}


def test_search_finds_a_product_and_says_which_engine_answered(cloud: DeployedCloud, customer: Customer) -> None:
    word = unique()
    product = customer.offer(f"A {word} kettle", quantity=1)

    def found() -> str | None:
        answer = cloud.get(f"/search?q={word}")
        return answer["engine"] if product in str(answer["items"]) else None

    assert eventually(found) == "postgresql"


def test_a_session_is_shared_by_the_services_until_it_is_ended(cloud: DeployedCloud) -> None:
    customer = Customer.sign_in(cloud)
    product = customer.offer(unique(), quantity=1)
    assert customer.request("/sessions", method="DELETE").is_success
    for path, method in ((f"/inventory/{product}", "PUT"), ("/products", "POST"), ("/orders", "POST")):
        assert customer.request(path, {}, method=method).status == 401


def kill(*services: str) -> Callable[[DeployedCloud], None]:
    def kill(cloud: DeployedCloud) -> None:
        killed = [task for service in services for task in cloud.tasks(f"services.shop {service}")]
        assert len(killed) == len(services)
        for task in killed:
            task.kill()
        psutil.wait_procs(killed, timeout=60)

    return kill


def restart_the_broker(cloud: DeployedCloud) -> None:
    broker = cloud.client("mq")
    (summary,) = broker.list_brokers()["BrokerSummaries"]
    broker.reboot_broker(BrokerId=summary["BrokerId"])


@pytest.mark.parametrize(
    ("disturb", "in_hand"),
    [
        # SES knows no key: a mail whose service is killed between the answer and its record is sent again.
        pytest.param(kill("inventory", "payment", "notification"), 1, id="services-killed"),
        pytest.param(restart_the_broker, 0, id="broker-restarted"),
    ],
)
def test_orders_go_through_once_when_a_part_fails(
    cloud: DeployedCloud, customer: Customer, disturb: Callable[[DeployedCloud], None], in_hand: int
) -> None:
    product = customer.offer(unique(), quantity=5)
    orders = [customer.order(product) for _ in range(5)]
    disturb(cloud)
    assert {customer.settled(order)["status"] for order in orders} == {"confirmed"}
    for order in orders:
        eventually(lambda order=order: customer.mails(order))  # type: ignore[misc]  # mypy#15459
    assert sum(len(customer.mails(order)) for order in orders) in range(5, 5 + in_hand + 1)
    assert cloud.get(f"/inventory/{product}")["quantity"] == 0
