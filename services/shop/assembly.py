"""Puts a service of the shop together from the parts that all of them have."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from redis import RedisError

from services import cache, inbox
from services.background import Loop, Task
from services.broker import Broker, Consumer, Publisher
from services.events import Event
from services.outbox import Relay
from services.pool import service_pool
from services.secret_values import SecretValues
from services.serving import app as serving
from services.serving.dependency import Dependency, database
from services.settings import SessionSettings, ShopSettings
from services.shop.events import EXCHANGE, SUBSCRIPTIONS
from services.shop.sessions import Sessions

_HOUR_SECONDS = 3600


class Assembly:
    """The parts of one service.

    service: its name, under which SUBSCRIPTIONS has what it listens to.
    """

    def __init__(self, settings: ShopSettings, service: str) -> None:
        self._service = service
        self.secrets = SecretValues(settings.aws_region)
        self.pool = service_pool(settings, self.secrets)
        self._broker = Broker(settings.broker, self.secrets, client_name=settings.powertools_service_name)

    def telling(self) -> Task:
        """Publishes what is in the outbox."""
        return Relay(self.pool.connection, Publisher(self._broker, EXCHANGE, list(SUBSCRIPTIONS.values())).publish)

    def listening(
        self, handle: Callable[[Event], None], *, give_up: Callable[[Event, str], None] | None = None
    ) -> list[Task]:
        """Hands over the events of the service's subscription, and clears its inbox of old ones."""

        def forget() -> bool:
            with self.pool.connection() as connection:
                inbox.forget(connection)
            return False

        return [
            Consumer(self._broker, SUBSCRIPTIONS[self._service], handle, give_up=give_up),
            Loop(f"inbox of {self._service}", forget, idle_seconds=_HOUR_SECONDS),
        ]

    def app(
        self,
        *,
        description: str,
        router: APIRouter,
        tasks: Sequence[Task],
        dependencies: Sequence[Dependency] = (),
        **state: Any,
    ) -> FastAPI:
        """The application. state: what its operations find in `app.state`, beside the pool."""
        app = serving.create_app(
            title=f"Shop: {self._service}",
            description=description,
            routers=[router],
            dependencies=[database(self.pool), *dependencies],
            resources=[self.pool],
            tasks=tasks,
        )
        for name, value in {"pool": self.pool, **state}.items():
            setattr(app.state, name, value)
        return app


class SignedInAssembly(Assembly):
    """The parts of a service that knows its users by their sessions."""

    def __init__(self, settings: SessionSettings, service: str) -> None:
        super().__init__(settings, service)
        self.redis = cache.connect(settings.cache, self.secrets)

    def app(
        self,
        *,
        description: str,
        router: APIRouter,
        tasks: Sequence[Task],
        dependencies: Sequence[Dependency] = (),
        **state: Any,
    ) -> FastAPI:
        """The application, with the sessions in its state as well."""
        sessions = Dependency(name="sessions", errors=(RedisError,), check=self.redis.ping)
        return super().app(
            description=description,
            router=router,
            tasks=tasks,
            dependencies=[sessions, *dependencies],
            sessions=Sessions(self.redis),
            **state,
        )
