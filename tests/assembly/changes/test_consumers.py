"""Consumers of what changes in another stack are found, in the order in which they have to be deployed once more."""

from typing import Any

import pytest

from assembly.changes.classify import compare
from assembly.changes.sources import TemplateSet
from assembly.errors import InputError
from tests.assembly.changes.given import FUNCTION, QUEUE, VPC, attribute, output, resource, template, templates


def state(name: str = "orders", timeout: int = 30, tail: str = "t") -> TemplateSet:
    """A queue, whose name two stacks hold; one hands it on to a third. A fourth holds nothing of it."""
    functions = {"Environment": {"Variables": {"QUEUE": output("queue", "Name")}}}
    return templates(
        dashboard=template(F=resource(FUNCTION, {"Description": output("worker", "Name")})),
        worker=template({"Name": output("queue", "Name")}, F=resource(FUNCTION, functions)),
        api=template(F=resource(FUNCTION, functions | {"Timeout": timeout})),
        other=template(F=resource(FUNCTION, {"Description": output("queue", "Tail")})),
        queue=template(
            {"Name": attribute("Queue", "QueueName"), "Tail": tail},
            Queue=resource(QUEUE, {"QueueName": name}),
            Vpc=resource(VPC),
        ),
    )


def test_in_the_order_of_deployment() -> None:
    found = compare(state(), state(name="bills")).consumers
    assert {each.stack for each in found} == {"dashboard", "worker", "api"}
    order = [each.stack for each in found]
    assert order.index("worker") < order.index("dashboard")
    assert all(each.holds == ("queue/Queue",) for each in found)


def test_a_consumer_whose_template_changes_is_deployed_anyway() -> None:
    found = compare(state(), state(name="bills", timeout=60)).consumers
    assert {each.stack for each in found} == {"dashboard", "worker"}


def test_none_where_nothing_is_replaced() -> None:
    assert compare(state(), state(timeout=60)).consumers == ()


def test_an_output_that_changes_its_value_leaves_its_consumer_behind_too() -> None:
    (found,) = compare(state(), state(tail="u")).consumers
    assert (found.stack, found.stack_id, found.holds) == ("other", "Other", ("queue/Tail",))


def test_a_new_consumer_is_deployed_anyway() -> None:
    before = TemplateSet(stacks={name: stack for name, stack in state().stacks.items() if name != "worker"})
    assert {each.stack for each in compare(before, state(name="bills")).consumers} == {"dashboard", "api"}


def test_declared_dependencies_count_for_the_order() -> None:
    def both(name: str) -> TemplateSet:
        holds: dict[str, Any] = {"Description": output("queue", "Name")}
        return templates(
            depends_on={"a": {"b"}},
            a=template(F=resource(FUNCTION, holds)),
            b=template(F=resource(FUNCTION, holds)),
            queue=template({"Name": {"Ref": "Queue"}}, Queue=resource(QUEUE, {"QueueName": name})),
        )

    assert [each.stack for each in compare(both("x"), both("y")).consumers] == ["b", "a"]


def test_stacks_in_a_circle_are_told() -> None:
    circle = templates(
        a=template({"X": output("b", "X")}, F=resource(FUNCTION, {"Description": output("b", "X")})),
        b=template({"X": output("a", "X")}, F=resource(FUNCTION, {"Description": output("a", "X")})),
    )
    with pytest.raises(InputError, match=r"stacks depend on each other in a circle: (a → b → a|b → a → b)"):
        compare(circle, circle)
