"""References against a declared order: found, placed, and told how they are turned round."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from assembly.cli import main
from assembly.layering.check import Finding, check, waves
from assembly.layering.circles import CircleError, is_circle
from assembly.layering.order import Order, read_order
from assembly.layering.places import TRACES
from assembly.layering.references import dangling
from assembly.layering.stacks import Stack, read_stacks
from tests.assembly import reversals
from tests.assembly.assemblies import write
from tests.assembly.reversals import Reverse

ORDER = Order((("Lower",), ("Upper", "Beside")))
MADE_IN = Path(reversals.__file__).name


def stack(name: str, depends_on: tuple[str, ...] = (), **resources: Any) -> Stack:
    given = {
        logical_id: each if "Type" in each else {"Type": "AWS::SNS::Topic", "Properties": each}
        for logical_id, each in resources.items()
    }
    return Stack(
        path=name,
        stack_name=f"shop-{name.lower()}",
        template={"Resources": given, "Outputs": {"Out": {"Value": {"Ref": "Made"}}}},
        depends_on=frozenset(depends_on),
    )


def output_of(name: str, output: str = "Out") -> dict[str, Any]:
    return {"Fn::GetStackOutput": {"StackName": f"shop-{name.lower()}", "OutputName": output}}


def findings(*stacks: Stack) -> list[Finding]:
    return check(stacks, ORDER)


def test_a_reference_down_is_none_of_its_business() -> None:
    assert findings(stack("Lower", Made={}), stack("Upper", ("Lower",), Made={"Name": output_of("Lower")})) == []


def test_a_reference_up_is_told_with_both_ends() -> None:
    lower = stack("Lower", Made={"Tags": [{"Value": {"Fn::Join": ["", ["a", output_of("Upper")]]}}]})
    (found,) = findings(lower, stack("Upper", Made={}))
    assert found.what == "Lower refers up to Upper: reference"
    assert found.where == "Lower, AWS::SNS::Topic Made, Properties.Tags[0].Value"
    assert found.names == "Upper, AWS::SNS::Topic Made"
    assert "pass it up to Upper" in found.instead
    assert f"synthesize with {TRACES}=1" in str(found)


def test_stacks_of_one_level_do_not_refer_to_each_other() -> None:
    (found,) = findings(stack("Upper", Made={"Name": output_of("Beside")}), stack("Beside", Made={}))
    assert found.what.startswith("Upper refers sideways to Beside")


def test_a_strong_reference_is_told_whatever_its_direction() -> None:
    lower = stack("Lower", Made={})
    lower.outputs["Out"]["Export"] = {"Name": "shop-topic"}
    (found,) = findings(lower, stack("Upper", ("Lower",), Made={"Name": {"Fn::ImportValue": "shop-topic"}}))
    assert found.what == "Upper imports shop-topic: a strong reference"
    assert '"weak" in cdk.json' in found.instead


def test_a_dependency_that_nothing_explains_is_told_if_it_points_up() -> None:
    (found,) = findings(stack("Lower", ("Upper",), Made={}), stack("Upper", Made={}))
    assert found.what == "Lower waits for Upper, and refers to nothing of it"


def test_a_stack_outside_of_the_order_is_told() -> None:
    (found,) = findings(stack("New", Made={}))
    assert found.what == "New stands in no level of the order"


def test_waves_follow_from_dependencies() -> None:
    assert waves([stack("Lower"), stack("Upper", ("Lower",)), stack("Beside", ("Lower",))]) == [
        {"Lower"},
        {"Upper", "Beside"},
    ]
    with pytest.raises(ValueError, match="wait for each other: Lower, Upper"):
        waves([stack("Lower", ("Upper",)), stack("Upper", ("Lower",))])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"Ref": "Gone"}, "Ref"),
        ({"Fn::GetAtt": ["Gone", "Arn"]}, "Fn::GetAtt"),
        ({"Fn::GetAtt": "Gone.Arn"}, "Fn::GetAtt"),
        ({"Fn::Sub": "arn:${AWS::Partition}:${Gone}"}, "Ref"),
        ({"Fn::Sub": ["${Given}${Gone.Arn}", {"Given": {"Ref": "Made"}}]}, "Fn::GetAtt"),
        ({"Fn::If": ["Gone", 1, {"Ref": "AWS::NoValue"}]}, "Condition"),
        ({"Fn::FindInMap": ["Gone", "a", "b"]}, "Fn::FindInMap"),
        ({"Fn::ImportValue": "gone"}, "Fn::ImportValue"),
        (output_of("Upper", "Gone"), "Fn::GetStackOutput"),
        (output_of("Nowhere"), "Fn::GetStackOutput"),
    ],
)
def test_what_refers_to_nothing_is_found(value: Any, kind: str) -> None:
    (found,) = dangling([stack("Lower", Made={"DisplayName": value}), stack("Upper", Made={})])
    assert (found.kind, found.place) == (kind, "Properties.DisplayName")


def test_what_refers_to_something_is_not() -> None:
    there = stack(
        "Lower",
        Made={
            "Name": {"Fn::Sub": "${Other.TopicName}${!Literal}${AWS::Region}"},
            "Key": {"Fn::GetAtt": ["Other", "Arn"]},
        },
        Other={"Type": "AWS::SNS::Topic", "DependsOn": ["Made"], "Metadata": {"note": {"Ref": "nothing"}}},
    )
    assert dangling([there, stack("Upper", Made={"Name": output_of("Lower")})]) == []
    gone = stack("Lower", Made={"Type": "AWS::SNS::Topic", "DependsOn": "Gone"})
    assert [each.kind for each in dangling([gone])] == ["DependsOn"]


@pytest.mark.parametrize(
    ("reverse", "kind", "instead"),
    [
        (reversals.add_rule, "security-group rule", "`consumer.connections.allow_to(server, port)`"),
        (reversals.admit_role, "grant in the policy of a resource", "grant from the consumer's role: in Upper"),
        (reversals.admit_to_key, "grant in the policy of a key", "give the role kms:Decrypt"),
        (
            reversals.grant_to_lower_role,
            "grant to a role",
            "move the code that uses the resource, with its role, into Upper",
        ),
        (reversals.notify, "bucket notification", "`event_bridge_enabled=True` in Lower"),
        (reversals.subscribe, "subscription", "make the subscription in Upper"),
        (reversals.alarm, "alarm action", "put the topic into a stack below all"),
        (reversals.feed, "event source", "make the event source in Upper"),
        (reversals.endpoint, "VPC endpoint", "`consumer.connections.allow_to(endpoint, port)`"),
        (reversals.tell, "output", "make the output in Upper"),
    ],
)
def test_what_points_up_is_placed_and_turned_round(
    reverse: Reverse, kind: str, instead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CDK's own constructs, in an app of three lines, for each kind that is known."""
    monkeypatch.setenv(TRACES, "1")
    app = cdk.App(context={"@aws-cdk/core:defaultCrossStackReferences": "weak"})
    lower, upper = cdk.Stack(app, "Lower"), cdk.Stack(app, "Upper")
    reverse(lower, upper)
    found = check(read_stacks(Path(app.synth().directory)), ORDER)
    assert {finding.what for finding in found} == {f"Lower refers up to Upper: {kind}"}
    assert all(instead in finding.instead for finding in found)
    assert all(f"{MADE_IN}:" in finding.made[0] for finding in found)
    assert any(f" in {reverse.__name__}" in finding.made[0] for finding in found)


def test_a_circle_names_both_sides() -> None:
    said = (
        "DependencyCycle: 'Lower' depends on 'Upper' (Lower -> Upper/Group.GroupId). "
        "Adding this dependency (Upper -> Lower/Topic.Ref) would create a cyclic reference."
    )
    assert is_circle(RuntimeError(said))
    assert not is_circle(RuntimeError("no such file"))
    told = str(CircleError(said, []))
    assert told.startswith("Lower and Upper wait for each other, so neither can be deployed first: ")
    assert "Lower -> Upper/Group.GroupId, and Upper -> Lower/Topic.Ref" in told
    assert "add_dependency between Lower and Upper" in told
    finding = Finding(what="Lower refers up to Upper", instead="turn it")
    assert str(CircleError(said, [finding])).splitlines()[1:] == [
        "  Lower refers up to Upper",
        "      instead: turn it",
    ]


def test_stages_have_the_order_of_their_stacks(tmp_path: Path) -> None:
    """Below a stage the construct id is what the order names."""
    app = cdk.App(outdir=str(tmp_path), context={"@aws-cdk/core:defaultCrossStackReferences": "weak"})
    stage = cdk.Stage(app, "Prod")
    lower, upper = cdk.Stack(stage, "Lower"), cdk.Stack(stage, "Upper")
    reversals.grant_to_lower_role(lower, upper)
    app.synth()
    stacks = read_stacks(tmp_path)
    assert {each.path for each in stacks} == {"Prod/Lower", "Prod/Upper"}
    assert waves(stacks) == [{"Upper"}, {"Lower"}]
    (where,) = {finding.where for finding in check(stacks, ORDER)}
    assert where is not None
    assert where.startswith("Lower, AWS::IAM::Policy Role/DefaultPolicy (RoleDefaultPolicy")


@pytest.fixture
def order(tmp_path: Path) -> Path:
    path = tmp_path / "order.toml"
    path.write_text('levels = [["Lower"], ["Upper", "Beside"]]')
    return path


def test_the_command_lists_what_it_finds(tmp_path: Path, order: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = {"Type": "AWS::SNS::Topic"}
    up = {"Fn::GetStackOutput": {"StackName": "shop-Upper", "OutputName": "Out"}}
    folder = write(
        tmp_path / "assembly",
        Lower={"Resources": {"Made": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": up}}}},
        Upper={"Resources": {"Made": made}, "Outputs": {"Out": {"Value": {"Ref": "Made"}}}},
    )
    assert main(["layering", "--assembly", str(folder), "--order", str(order)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Lower refers up to Upper: reference"
    assert lines[-1] == f"2 stacks; faults against the order of {order}: 1"
    template = json.loads((folder / "Lower.template.json").read_text())
    del template["Resources"]["Made"]["Properties"]
    (folder / "Lower.template.json").write_text(json.dumps(template))
    assert main(["layering", "--assembly", str(folder), "--order", str(order)]) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory); name the order of the stacks: --order FILE"),
        ("levels = [", "is no TOML"),
        ("levels = []", 'holds no order; write levels = [["Network"], ["Database"]], the lowest first'),
        ('levels = ["Network"]', "holds no order"),
        ('levels = [["Api"], ["Api"]]', "names Api twice; a stack stands in one level"),
    ],
)
def test_a_file_that_is_no_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str
) -> None:
    path = tmp_path / "order.toml"
    if content is not None:
        path.write_text(content)
    assert main(["layering", "--order", str(path)]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("assembly: ")
    assert message in errors
    assert len(errors.splitlines()) == 1


def test_an_order_leaves_out_what_is_not_there(order: Path) -> None:
    assert read_order(order).among(["Beside"]) == (("Beside",),)
