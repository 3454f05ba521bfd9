"""How the API refuses."""

from typing import Any

import httpx


def problem(response: httpx.Response, status: int) -> dict[str, str]:
    """The faults by field, once the answer was found to be a problem document of this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return {error["field"]: error["message"] for error in document["errors"]}
