"""The API keeps to its own OpenAPI document, whatever it is asked."""

import httpx

from tests.services.identity.conftest import NewKey, Serve, new_key, serve
from tests.support.api_contract import REQUESTS, violations

__all__ = ["new_key", "serve"]


def test_every_answer_is_as_documented(api: httpx.Client) -> None:
    found = violations(str(api.base_url), *REQUESTS, examples=50)
    assert not found, "\n\n".join(found)


def test_every_answer_behind_the_gate_is_as_documented(serve: Serve, new_key: NewKey) -> None:
    """With a key and, for schemathesis takes it away at times, without one."""
    key, _ = new_key()
    with serve(requests_per_minute_per_key=1_000_000) as client:
        headers = {"Authorization": f"Bearer {key}"}
        found = violations(str(client.base_url), *REQUESTS, "ignored_auth", examples=25, headers=headers)
    assert not found, "\n\n".join(found)


def test_an_empty_filter_is_documented(api: httpx.Client) -> None:
    """Made-up requests have one too rarely."""
    document = api.get("/openapi.json").json()
    parameters = document["paths"]["/notifications"]["get"]["parameters"]
    assert all({"const": "", "type": "string"} in parameter["schema"]["anyOf"] for parameter in parameters)
    answer = api.get("/notifications", params={parameter["name"]: "" for parameter in parameters})
    assert answer.status_code == 200
