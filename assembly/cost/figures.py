"""What the prices of resources are computed from, and the rows that come of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from assembly.cost.hours import Period, always, periods
from assembly.cost.prices import HOURS_PER_MONTH, Price
from assembly.cost.statement import Traffic
from assembly.templates import Assembly, Resource


class Mode(StrEnum):
    """Which month is priced."""

    STATED = "as stated"
    """With the traffic that is stated, and asleep as far as schedules and the statement say."""
    AWAKE = "round the clock"
    """With the same traffic, and nothing ever asleep."""
    IDLE = "idle"
    """Without any traffic: services at the least that their schedules ever allow, databases asleep that may pause."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """A quantity of what one price stands for, in a month."""

    price: str
    """Name of the price."""
    quantity: float
    """In the unit of the price."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A charge of a resource at its price."""

    stack: str
    resource: str
    """Construct path within the stack."""
    logical_id: str
    type: str
    price: Price
    quantity: float
    free: float = 0
    """As much of the quantity as a free tier covers."""

    @property
    def usd(self) -> float:
        """US dollars a month."""
        return self.price.usd * (self.quantity - self.free)

    @property
    def kind(self) -> str:
        """What it is paid for."""
        return self.price.kind

    @property
    def formula(self) -> str:
        """How the figure comes about."""
        free = f" less {self.free:,.6g} free" if self.free else ""
        usd = f"{self.price.usd:.10f}".rstrip("0").rstrip(".")
        return f"{self.quantity:,.6g}{free} at {usd} per {self.price.unit}"


@dataclass(frozen=True, slots=True)
class Month:
    """A month of an assembly."""

    assembly: Assembly
    traffic: Traffic
    mode: Mode
    _named: dict[tuple[Resource, str], set[Resource]] = field(default_factory=dict, repr=False, compare=False)

    def in_mode(self, mode: Mode) -> "Month":
        """The same month in a mode; without traffic where it is idle."""
        traffic = self.traffic
        if mode is Mode.IDLE:
            traffic = replace(
                traffic,
                requests_per_month=0,
                messages_per_month=0,
                out_gib_per_month=0,
                nat_gib_per_month=0,
                log_gib_per_month=0,
                custom_metrics=0,
                autoscaling_share=0,
                database_awake_hours_per_month=0,
                database_acu=0,
                database_ios_per_month=0,
                bucket_writes_per_month=0,
            )
        if mode is Mode.AWAKE:
            traffic = replace(traffic, database_awake_hours_per_month=HOURS_PER_MONTH)
        return replace(self, traffic=traffic, mode=mode)

    def share(self, resource: Resource, among: Callable[[Resource], bool] = lambda _: True) -> float:
        """What falls to one resource of what all of its type have in common; nothing if it is not among them."""
        if not among(resource):
            return 0
        return 1 / sum(among(each) for each in self.assembly.of_type(resource.type))

    def named(self, resource: Resource, name: str) -> set[Resource]:
        """The resources that a property names, which is asked for time and again."""
        if (resource, name) not in self._named:
            self._named[resource, name] = self.assembly.referenced(resource.value(name), resource.stack)
        return self._named[resource, name]

    def refers(self, resource: Resource, name: str, target: Resource) -> bool:
        """Whether a property names another resource."""
        return target in self.named(resource, name)

    def running(self, service: Resource) -> list[Period]:
        """The parts of the month of an ECS service, with its number of tasks as the least of each."""
        target = next(
            (
                each
                for each in self.assembly.of_type("AWS::ApplicationAutoScaling::ScalableTarget")
                if self.refers(each, "ResourceId", service)
            ),
            None,
        )
        if target is None:
            tasks = service.number("DesiredCount", 1)
            return [Period(hours=HOURS_PER_MONTH, least=tasks, most=tasks)]
        found = [always(target)] if self.mode is Mode.AWAKE else periods(target)
        if self.mode is Mode.IDLE:
            least = min(each.least for each in found)
            found = [Period(hours=HOURS_PER_MONTH, least=least, most=least)]
        tasks_of = [(each.hours, each.tasks(self.traffic.autoscaling_share)) for each in found]
        return [Period(hours=hours, least=tasks, most=tasks) for hours, tasks in tasks_of]


Pricing = Callable[[Month, Resource], Iterator[Charge]]
Pricings = Mapping[str, Pricing]


def charge(price: str, quantity: float) -> Charge:
    """A charge, in short."""
    return Charge(price=price, quantity=quantity)
