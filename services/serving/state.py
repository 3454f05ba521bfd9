"""What operations get at of their application: parameters that FastAPI fills from its state."""

from typing import Annotated

from fastapi import Depends, Request

from services.outbox import Relay
from services.pool import Pool


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.pool
    return pool


def _relay(request: Request) -> Relay:
    relay: Relay = request.app.state.relay
    return relay


PoolOfApp = Annotated[Pool, Depends(_pool)]
"""The connections to the service's database."""
RelayOfApp = Annotated[Relay, Depends(_relay)]
"""The relay of the service's outbox, to be woken."""
