"""The API keeps to its own OpenAPI document, whatever it is asked."""

import httpx

from tests.support.api_contract import REQUESTS, violations


def test_every_answer_is_as_documented(api: httpx.Client) -> None:
    found = violations(str(api.base_url), *REQUESTS, examples=50)
    assert not found, "\n\n".join(found)
