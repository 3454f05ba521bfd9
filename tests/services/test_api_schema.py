"""The API keeps to its own OpenAPI document, whatever it is asked."""

import httpx

from tests.support.api_contract import REQUESTS, violations


def test_every_answer_is_as_documented(api: httpx.Client) -> None:
    found = violations(str(api.base_url), *REQUESTS, examples=50)
    assert not found, "\n\n".join(found)


def test_an_empty_filter_is_documented(api: httpx.Client) -> None:
    """Made-up requests have one too rarely."""
    document = api.get("/openapi.json").json()
    parameters = document["paths"]["/notifications"]["get"]["parameters"]
    assert all({"const": "", "type": "string"} in parameter["schema"]["anyOf"] for parameter in parameters)
    answer = api.get("/notifications", params={parameter["name"]: "" for parameter in parameters})
    assert answer.status_code == 200
