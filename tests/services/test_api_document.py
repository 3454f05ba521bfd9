"""The OpenAPI document: what clients are made from."""

from typing import Any

import httpx
import pytest

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@pytest.fixture
def document(api: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = api.get("/openapi.json").json()
    return answer


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    described = operations(document)
    assert sorted(described) == [
        "GET /health",
        "GET /notifications",
        "GET /notifications/{id}",
        "GET /ready",
        "POST /notifications",
        "POST /notifications/replay",
        "POST /notifications/{id}/replay",
    ]
    assert all(operation["description"] for operation in described.values())


@pytest.mark.parametrize(
    ("operation", "statuses"),
    [
        ("POST /notifications", ["202", "400", "413", "415", "422", "503"]),
        ("POST /notifications/replay", ["202", "400", "413", "415", "422", "503"]),
        ("POST /notifications/{id}/replay", ["202", "404", "422", "503"]),
        ("GET /notifications", ["200", "422", "503"]),
        ("GET /notifications/{id}", ["200", "404", "422", "503"]),
        ("GET /health", ["200"]),
        ("GET /ready", ["200", "503"]),
    ],
)
def test_every_refusal_is_documented_as_a_problem(
    document: dict[str, Any], operation: str, statuses: list[str]
) -> None:
    responses = operations(document)[operation]["responses"]
    assert sorted(responses) == statuses
    for status in statuses:
        if status >= "400":
            assert responses[status]["content"] == PROBLEM


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [each for child in node.values() for each in references(child)]
        if isinstance(node, list):
            return [each for child in node for each in references(child)]
        return []

    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    found = set(references(document))
    assert found <= schemas
    assert "#/components/schemas/FieldProblem" in found


def test_the_key_and_the_content_are_described(document: dict[str, Any]) -> None:
    operation = operations(document)["POST /notifications"]
    [parameter] = operation["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("Idempotency-Key", "header", False)
    content = document["components"]["schemas"]["Content"]
    assert content["required"] == ["channel", "recipient", "body"]
    assert content["additionalProperties"] is False
