"""The cost rows that the reference documents print, computed from the templates of the systems."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from assembly.cost.bill import Bill, compute, read_bill
from assembly.cost.figures import Row
from assembly.cost.prices import HOURS_PER_MONTH, read_prices
from assembly.cost.statement import Traffic, images, read_statement
from assembly.templates import read
from tests.support.synth import synthesize


def bill(system: str, environment: str) -> Bill:
    return read_bill(synthesize(system, environment).folder)


def with_traffic(system: str, environment: str, **changes: float) -> Bill:
    """A bill with other traffic than is stated."""
    folder = synthesize(system, environment).folder
    statement = read_statement(folder)
    changed = replace(statement, traffic=Traffic(**changes))
    return compute(read(folder), changed, images(folder))


def total(found: Bill, those: Callable[[Row], bool]) -> float:
    return sum(row.usd for row in found.rows if those(row))


def kind(system: str, environment: str, name: str) -> float:
    return bill(system, environment).by_kind()[name]


def usd(price: str) -> float:
    return read_prices("us-east-1").price(price, "a document").usd


def aurora_at_half_a_unit() -> float:
    found = with_traffic("notifications", "staging", database_acu=0.5)
    return total(found, lambda row: row.price.unit == "ACU-hour")


def task(environment: str) -> float:
    """One task that runs around the clock."""
    found = with_traffic("notifications", environment)
    rows = [row for row in found.rows if row.kind == "Fargate"]
    # The larger of the two quantities of staging's is GiB-hours, of which a task has as many as it has GiB.
    hours = max(row.quantity for row in rows) / {"dev": 1, "staging": 2}[environment]
    return sum(row.usd for row in rows) / hours * HOURS_PER_MONTH


def nat_gateway() -> float:
    return total(bill("notifications", "staging"), lambda row: row.price.name == "nat_gateway.hour")


def with_the_documents_broker(environment: str) -> float:
    """ticketero with the single small broker that its document still had."""
    found = bill("ticketero", environment)
    return found.total_usd - found.by_kind()["Broker"] + HOURS_PER_MONTH * usd("mq.rabbitmq.mq.t3.micro.hour")


def load_balancer() -> float:
    return total(bill("platform", "prod"), lambda row: row.type == "AWS::ElasticLoadBalancingV2::LoadBalancer")


def transfer_without_free_tier() -> float:
    rows = [row for row in bill("platform", "prod").rows if row.price.name == "transfer.out_gib"]
    return sum(row.quantity * row.price.usd for row in rows)


ROWS: Mapping[tuple[str, str], Callable[[], float]] = {
    ("notifications", "Aurora at 0.5 ACU"): aurora_at_half_a_unit,
    ("notifications", "Fargate, a task of 512/1024"): lambda: task("dev"),
    ("notifications", "Fargate, a task of 1024/2048"): lambda: task("staging"),
    ("notifications", "Lambda"): lambda: kind("notifications", "prod", "Lambda"),
    ("notifications", "SQS, a million requests"): lambda: 1_000_000 * usd("sqs.standard.request"),
    ("notifications", "NAT gateway, without data"): nat_gateway,
    ("notifications", "dev"): lambda: bill("notifications", "dev").total_usd,
    ("notifications", "staging"): lambda: bill("notifications", "staging").total_usd,
    ("notifications", "prod"): lambda: bill("notifications", "prod").total_usd,
    ("ticketero", "dev"): lambda: bill("ticketero", "dev").total_usd,
    ("ticketero", "dev, with a broker of the document's type"): lambda: with_the_documents_broker("dev"),
    ("ticketero", "prod"): lambda: bill("ticketero", "prod").total_usd,
    ("ticketero", "prod, with a broker of the document's type"): lambda: with_the_documents_broker("prod"),
    ("platform", "ECS Fargate"): lambda: kind("platform", "prod", "Fargate"),
    ("platform", "RDS PostgreSQL"): lambda: kind("platform", "prod", "RDS"),
    ("platform", "ElastiCache"): lambda: kind("platform", "prod", "Cache"),
    ("platform", "ALB, with its addresses"): load_balancer,
    ("platform", "NAT gateways"): lambda: kind("platform", "prod", "NAT"),
    ("platform", "Data transfer, at list price"): transfer_without_free_tier,
    ("platform", "CloudWatch"): lambda: kind("platform", "prod", "CloudWatch"),
    ("platform", "Total"): lambda: bill("platform", "prod").total_usd,
}
