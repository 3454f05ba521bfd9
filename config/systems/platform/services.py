"""platform: its four services, in sizes that environments choose."""

from config.model import Route, ServiceConfig, Without
from config.systems.platform.shared import API_USES, NOTIFIER_USES, SCHEDULER_USES, WORKER_USES

OPEN_BECAUSE = "planning.api asks for no keys: whoever reaches the load balancer may plan, and sees what others planned"
HEALTH_ONLY = "the load balancer leads nothing here but the health check"


def services(*, apis: int, workers: int, notifiers: int, most: int) -> dict[str, ServiceConfig]:
    """Return the services with so many tasks each; autoscaling multiplies them by `most` at most.

    The API takes every request that no rule names. Of the others the load balancer reaches the health check only.
    """
    return {
        "api": ServiceConfig(
            program="planning.api",
            uses=API_USES,
            route=Route(),
            authentication=Without(reason=OPEN_BECAUSE),
            port=4000,
            cpu_units=512,
            memory_mib=1024,
            min_tasks=apis,
            max_tasks=apis * most,
        ),
        "worker": ServiceConfig(
            program="planning.worker",
            uses=WORKER_USES,
            route=Route(paths=("/worker/health",)),
            authentication=Without(reason=HEALTH_ONLY),
            port=4001,
            cpu_units=256,
            memory_mib=512,
            min_tasks=workers,
            max_tasks=workers * most,
            database_pool_size=2,
        ),
        "scheduler": ServiceConfig(
            program="planning.scheduler",
            uses=SCHEDULER_USES,
            route=Route(paths=("/scheduler/health",)),
            authentication=Without(reason=HEALTH_ONLY),
            port=4002,
            cpu_units=256,
            memory_mib=512,
            min_tasks=1,
            max_tasks=1,
            singleton=True,
            database_pool_size=2,
        ),
        "notifier": ServiceConfig(
            program="planning.notifier",
            uses=NOTIFIER_USES,
            route=Route(paths=("/notifier/health",)),
            authentication=Without(reason=HEALTH_ONLY),
            port=4003,
            cpu_units=256,
            memory_mib=512,
            min_tasks=notifiers,
            max_tasks=notifiers * most,
            database_pool_size=4,
        ),
    }
