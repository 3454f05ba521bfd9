"""ecommerce: its seven services and their databases, one each, in sizes that environments choose."""

from config.model import DatabaseConfig, InstanceConfig, Route, ServiceConfig, Uses, Without
from config.systems.ecommerce.shared import POSTGRES_VERSION

_PORTS = {
    "user": 3001,
    "product": 3002,
    "order": 3003,
    "payment": 3004,
    "notification": 3005,
    "search": 3006,
    "inventory": 3007,
}
_PATHS = {
    "user": ("/users*", "/sessions*"),
    "product": ("/products*",),
    "order": ("/orders*",),
    "payment": ("/payments*",),
    "notification": ("/order-notifications*",),
    "search": ("/search*",),
    "inventory": ("/inventory*",),
}
_SESSIONS = (
    "people sign in by sessions of its own: what is somebody's is answered to a session only, the catalogue to all"
)
_CATALOGUE = "the catalogue is public, and this service only searches it"
# Beside its own database and the broker, which every service uses.
_USES = {
    "user": Uses(cache=True),
    "product": Uses(cache=True, buckets=("media",)),
    "order": Uses(cache=True),
    "payment": Uses(cache=True),
    "notification": Uses(cache=True, channels=("email",)),
    "search": Uses(search=True),
    "inventory": Uses(cache=True),
}


def databases(*, multi_az: bool, backup_retention_days: int) -> dict[str, DatabaseConfig]:
    """Return a database for each service; the provider chooses their instance class."""
    return {
        name: InstanceConfig(
            name=f"{name}service",
            schema_name=f"shop_{name}",
            engine_version=POSTGRES_VERSION,
            multi_az=multi_az,
            backup_retention_days=backup_retention_days,
        )
        for name in _PORTS
    }


def services(*, tasks: int, most: int) -> dict[str, ServiceConfig]:
    """Return the services with so many tasks each, and so many more by autoscaling."""
    return {
        name: ServiceConfig(
            program="shop",
            arguments=(name,),
            uses=_USES[name].model_copy(update={"database": name, "broker": True}),
            route=Route(paths=_PATHS[name]),
            authentication=Without(reason=_CATALOGUE if name == "search" else _SESSIONS),
            port=port,
            cpu_units=256,
            memory_mib=512,
            min_tasks=tasks,
            max_tasks=most,
            database_pool_size=5,
        )
        for name, port in _PORTS.items()
    }
