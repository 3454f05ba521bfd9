"""A key sees its own notifications, and no other's."""

from uuid import uuid4

import httpx
import pytest

from services import store
from services.messages import Channel, Message
from tests.services.identity.conftest import NewKey
from tests.services.identity.test_keys import SMS, bearer
from tests.services.problems import problem
from tests.support.postgres import TestDatabase
from tests.support.serving import client_of


@pytest.fixture
def ada(guarded: httpx.Client, new_key: NewKey) -> httpx.Client:
    return client_of(guarded.base_url, headers=bearer(new_key("ada")[0]))


@pytest.fixture
def bob(guarded: httpx.Client, new_key: NewKey) -> httpx.Client:
    return client_of(guarded.base_url, headers=bearer(new_key("bob")[0]))


def post(client: httpx.Client, **headers: str) -> str:
    answer = client.post("/notifications", json=SMS, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def ids(client: httpx.Client, **parameters: str) -> list[str]:
    return [item["id"] for item in client.get("/notifications", params=parameters).json()["items"]]


def fail_all(database: TestDatabase) -> None:
    with database.connect() as connection:
        connection.execute("UPDATE notifications SET status = 'failed', attempts = 1, last_error = '410 Gone'")


def test_another_key_s_notification_is_not_there(ada: httpx.Client, bob: httpx.Client) -> None:
    hers = post(ada)
    assert ada.get(f"/notifications/{hers}").status_code == 200
    theirs, nobodys = bob.get(f"/notifications/{hers}"), bob.get(f"/notifications/{uuid4()}")
    assert list(problem(theirs, 404)) == list(problem(nobodys, 404)) == ["id"]
    assert theirs.json()["detail"] == f"there is no notification {hers}"


def test_lists_hold_one_s_own_only_whatever_is_asked_for(ada: httpx.Client, bob: httpx.Client) -> None:
    hers, his = [post(ada) for _ in range(3)], [post(bob) for _ in range(2)]
    assert ids(ada) == ids(ada, channel="sms") == ids(ada, status="queued") == hers[::-1]
    assert ids(bob) == his[::-1]
    page = ada.get("/notifications", params={"limit": 2}).json()
    # A cursor tells of a place, not of an owner.
    assert ids(bob, cursor=page["next_cursor"]) == []
    assert ids(ada, cursor=page["next_cursor"]) == hers[:1]


def test_two_owners_may_use_one_idempotency_key(ada: httpx.Client, bob: httpx.Client) -> None:
    key = {"Idempotency-Key": "order-42"}
    hers, his = post(ada, **key), post(bob, **key)
    assert hers != his
    assert (post(ada, **key), post(bob, **key)) == (hers, his)
    other = ada.post("/notifications", json={**SMS, "body": "other"}, headers=key)
    assert list(problem(other, 422)) == ["Idempotency-Key"]
    assert bob.post("/notifications", json=SMS, headers=key).status_code == 202


def test_a_replay_leaves_another_key_s_notifications_alone(
    ada: httpx.Client, bob: httpx.Client, database: TestDatabase
) -> None:
    hers, his = post(ada), post(bob)
    fail_all(database)
    assert list(problem(bob.post(f"/notifications/{hers}/replay"), 404)) == ["id"]
    assert bob.post("/notifications/replay", json={}).json() == {"replayed": 1, "ids": [his], "more": False}
    statuses = dict(database.rows("SELECT id::text, status FROM notifications"))
    assert statuses == {hers: "failed", his: "queued"}
    assert ada.post(f"/notifications/{hers}/replay").json()["status"] == "queued"


def test_what_has_no_owner_no_key_sees(ada: httpx.Client, database: TestDatabase) -> None:
    """Accepted before there were owners, or by another producer."""
    message = Message(id=uuid4(), channel=Channel.SMS, recipient="+14155550123", body="World")
    with database.connect() as connection:
        store.insert(connection, message, None)
    problem(ada.get(f"/notifications/{message.id}"), 404)
    assert ids(ada) == []
    fail_all(database)
    assert ada.post("/notifications/replay", json={}).json()["ids"] == []


def test_an_id_that_another_one_has_taken_tells_nothing_of_it(ada: httpx.Client, database: TestDatabase) -> None:
    """Ids are made of owner and key: should one be taken all the same, it is a conflict, not a look at it."""
    hers = post(ada, **{"Idempotency-Key": "order-42"})
    with database.connect() as connection:
        connection.execute("UPDATE notifications SET owner = 'key:other'")
    answer = ada.post("/notifications", json=SMS, headers={"Idempotency-Key": "order-42"})
    assert hers not in answer.text
    problem(answer, 422)


def test_a_successor_sees_what_its_predecessor_stored(
    ada: httpx.Client, guarded: httpx.Client, new_key: NewKey, database: TestDatabase
) -> None:
    hers = post(ada, **{"Idempotency-Key": "order-42"})
    [(ada_id,)] = database.rows("SELECT id FROM api_keys WHERE name = 'ada'")
    successor = bearer(new_key("ada-2", successor_of=ada_id)[0])
    assert guarded.get(f"/notifications/{hers}", headers=successor).status_code == 200
    again = guarded.post("/notifications", json=SMS, headers={**successor, "Idempotency-Key": "order-42"})
    assert again.json()["id"] == hers


def test_delivery_keeps_the_owner(ada: httpx.Client, database: TestDatabase) -> None:
    hers = post(ada)
    message = Message(id=hers, **SMS)  # type: ignore[arg-type]  # pydantic makes a UUID of it
    with database.connect() as connection:
        store.record(connection, [store.Outcome(message=message, status=store.Status.SENT, attempts=1)])
    assert ada.get(f"/notifications/{hers}").json()["status"] == "sent"
