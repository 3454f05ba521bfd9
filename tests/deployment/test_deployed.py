"""What is deployed, as CloudFormation tells it."""

import json
from typing import Any, cast

import boto3
import pytest

from assembly.changes.sources import read_set
from deployment.deployed import deployed, write
from deployment.errors import DeploymentError
from tests.assembly.changes.given import QUEUE, resource, template, templates
from tests.deployment.conftest import Place

PLANNED = {"shop-dev-queue": template(), "shop-dev-api": template()}


class Client:
    """CloudFormation with stacks in given states."""

    def __init__(self, statuses: dict[str, str], body: Any = None) -> None:
        self.statuses, self.body = statuses, template(Queue=resource(QUEUE)) if body is None else body

    def get_paginator(self, _name: str) -> "Client":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"Stacks": [{"StackName": name, "StackStatus": status}]} for name, status in self.statuses.items()]

    def get_template(self, **_given: str) -> dict[str, Any]:
        return {"TemplateBody": self.body}


def names(monkeypatch: pytest.MonkeyPatch, client: Client) -> set[str]:
    class Session:
        def __init__(self, region_name: str | None) -> None:
            pass

        def client(self, _name: str) -> Client:
            return client

    monkeypatch.setattr(boto3.session, "Session", cast("type[boto3.session.Session]", Session))
    return set(deployed(templates(**PLANNED)).stacks)


def test_the_templates_are_those_that_were_deployed(place: Place) -> None:
    content = template({"Name": {"Ref": "Queue"}}, Queue=resource(QUEUE, {"QueueName": place.name("q")}))
    place.is_deployed(queue=content)
    found = deployed(templates(**{place.name("queue"): content}))
    assert found.stacks[place.name("queue")].template == content
    write(found, place.folder / "deployed")
    assert read_set(place.folder / "deployed").stacks[place.name("queue")].template == content


def test_what_was_kept_before_is_not_mixed_in(place: Place) -> None:
    write(templates(old=template()), place.folder)
    write(templates(new=template()), place.folder)
    assert [path.stem for path in place.folder.glob("*.json")] == ["new"]


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"])
def test_a_stack_that_was_never_made_is_not_there(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(monkeypatch, Client({"shop-dev-queue": status, "shop-dev-api": "CREATE_COMPLETE"})) == {"shop-dev-api"}


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_a_stack_that_is_being_changed_is_waited_for(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeploymentError, match=f"shop-dev-api is being changed by somebody else .{status}."):
        names(monkeypatch, Client({"shop-dev-api": status}))


@pytest.mark.parametrize(
    ("name", "related"),
    [
        ("shop-dev-old", True),
        ("shop-dev-old-stack", False),
        ("shop-prod-queue", False),
        ("CDKToolkit", False),
        ("shop-development-queue", False),
    ],
)
def test_stacks_named_alike_are_of_the_app(name: str, related: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = names(monkeypatch, Client({name: "CREATE_COMPLETE", "shop-dev-api": "CREATE_COMPLETE"}))
    assert found == {"shop-dev-api"} | ({name} if related else set())


@pytest.mark.parametrize("body", ["Resources: {}", json.dumps([1])])
def test_a_template_that_is_no_json_object(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeploymentError, match="the template of shop-dev-api is no JSON"):
        names(monkeypatch, Client({"shop-dev-api": "CREATE_COMPLETE"}, body))
