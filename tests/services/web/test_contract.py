"""The pages keep to their own OpenAPI document, whatever they are asked."""

import httpx

from tests.support.api_contract import violations


def test_every_answer_is_as_documented(client: httpx.Client) -> None:
    found = violations(str(client.base_url), examples=20)
    assert not found, "\n\n".join(found)
