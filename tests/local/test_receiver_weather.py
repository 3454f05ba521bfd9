from typing import Any

import pytest

from local.receiver_weather import Forecast
from local.settings import Settings
from tests.local.test_receiver import SEND, Client

CHANNELS = ("webhook", "telegram")


@pytest.fixture
def client(settings: Settings) -> Client:
    return Client(settings)


def test_a_share_of_a_channel_s_deliveries_is_refused_while_it_lasts(client: Client) -> None:
    weather = {"webhook": {"probability": 0.5, "statuses": [429, 503]}, "seed": 7}
    assert client.post("/weather", json=weather).status_code == 200
    statuses = [client.post("/webhook/a", json={}).status_code for _ in range(40)]
    assert set(statuses) == {200, 429, 503}
    assert client.post(SEND, json={"chat_id": 7, "text": "hi"}).status_code == 200
    client.post("/weather", json={})
    assert {client.post("/webhook/a", json={}).status_code for _ in range(10)} == {200}


def test_telegram_refuses_in_its_own_words(client: Client) -> None:
    client.post("/weather", json={"telegram": {"probability": 1, "statuses": [429]}})
    answer = client.post(SEND, json={"chat_id": 7, "text": "hi"})
    assert answer.status_code == 429
    assert answer.json() == {"ok": False, "error_code": 429, "description": "Too Many Requests"}
    assert [each["status"] for each in client.get("/received?channel=telegram").json()] == [429]


def test_the_same_seed_gives_the_same_weather() -> None:
    def statuses(seed: int) -> list[int | None]:
        forecast = Forecast()
        forecast.change({"webhook": {"probability": 0.5}, "seed": seed}, CHANNELS)
        return [forecast.of("webhook")[1] for _ in range(30)]

    assert statuses(1) == statuses(1)
    assert statuses(1) != statuses(2)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ([], "an object is needed"),
        ({"sms": {}}, "some of webhook, telegram, seed"),
        ({"webhook": 3}, "webhook: an object"),
        ({"webhook": {"chance": 1}}, "webhook.chance: unknown; allowed"),
        ({"webhook": {"probability": 2}}, "webhook.probability = 2: allowed: 0 to 1"),
        ({"webhook": {"probability": "x"}}, "a value is of the wrong type"),
        ({"webhook": {"statuses": [200]}}, "webhook.statuses = [200]: allowed"),
        ({"webhook": {"delay_seconds": 61}}, "webhook.delay_seconds = 61: allowed: 0 to 60"),
    ],
)
def test_impossible_weather_is_refused_and_changes_nothing(client: Client, wanted: Any, told: str) -> None:
    client.post("/weather", json={"webhook": {"probability": 1}})
    answer = client.post("/weather", json=wanted)
    assert answer.status_code == 400
    assert told in answer.text
    assert client.post("/webhook/a", json={}).status_code == 503


def test_deliveries_are_listed_from_a_number_on(client: Client) -> None:
    for number in range(3):
        client.post("/webhook/a", json={"n": number})
    assert [each["number"] for each in client.get("/received?after=1").json()] == [2, 3]
    assert client.get("/received?after=x").status_code == 400
