"""Each service of the shop keeps to its own OpenAPI document, whatever somebody asks who is signed in."""

from uuid import uuid4

import pytest

from services.shop.sessions import Sessions
from tests.services.shop.conftest import SERVICES, Serve
from tests.support.api_contract import violations
from tests.support.redis import RedisServer


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_is_as_documented(alone: Serve, redis: RedisServer, service: str) -> None:
    with redis.connect() as connection:
        token = Sessions(connection).begin(uuid4())
    found = violations(str(alone(service).base_url), examples=10, headers={"Authorization": f"Bearer {token}"})
    assert not found, "\n\n".join(found)
