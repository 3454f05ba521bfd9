"""`make deploy` as people and pipelines use it: against a CloudFormation, with a CDK CLI that only notes."""

import json
from typing import Any

import pytest

from deployment.cli import main
from tests.assembly.changes.given import QUEUE, output, resource, template
from tests.deployment.conftest import Place

TOPIC = "AWS::SNS::Topic"


def queue(place: Place, name: str = "a", logical_id: str = "Queue", **properties: Any) -> dict[str, Any]:
    properties["QueueName"] = f"{place.app}-{name}"
    it = resource(QUEUE, properties, DeletionPolicy="Delete")
    return template({"Name": {"Fn::GetAtt": [logical_id, "QueueName"]}}, **{logical_id: it})


def api(place: Place) -> dict[str, Any]:
    return template(Topic=resource(TOPIC, {"DisplayName": output(place.name("queue"), "Name")}))


def topic(place: Place, name: str) -> dict[str, Any]:
    return template(Topic=resource(TOPIC, {"TopicName": f"{place.app}-{name}"}))


def test_a_first_deployment_passes(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.is_planned(queue=queue(place), api=api(place))
    assert main(place.arguments) == 0
    (command,) = place.commands()
    assembly = place.folder / "build" / "assembly"
    assert command.startswith(f"deploy --app {assembly} --all --concurrency 4 --require-approval=destructive")
    assert "--yes" not in command
    assert "first deployment of 2 stacks" in capsys.readouterr().out


def test_the_app_is_given_its_context(place: Place) -> None:
    place.is_planned(queue=queue(place))
    main([*place.arguments, "-c", "env=prod"])
    assert "-c system=shop -c env=prod" in (place.folder / "log").read_text().splitlines()[0]


def test_a_harmless_change_is_deployed_side_by_side(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.is_deployed(queue=queue(place), api=api(place))
    place.is_planned(queue=queue(place, DelaySeconds=5), api=api(place))
    assert main(place.arguments) == 0
    (command,) = place.commands()
    assert "--all --concurrency 4" in command
    assert "1 unchanged, 1 in place" in capsys.readouterr().out


def test_a_danger_stops_before_the_first_stack(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.is_deployed(queue=queue(place))
    place.is_planned(queue=queue(place, logical_id="Renamed"))
    assert main([*place.arguments, "--yes"]) == 1
    assert place.commands() == []
    given = capsys.readouterr()
    assert 'override_logical_id("Queue")' in given.out
    assert given.err == (f"deploy: nothing is deployed, because data would be lost with: {place.name('queue')}/Queue\n")


def test_a_confirmed_loss_goes_on_and_consumers_follow(place: Place) -> None:
    place.is_deployed(queue=queue(place), api=api(place))
    place.is_planned(queue=queue(place, name="b"), api=api(place))
    assert main([*place.arguments, "--confirm", "Queue", "--yes"]) == 0
    first, second = place.commands()
    assert "--all --concurrency 4" in first
    assert "--exclusively --force api --require-approval=destructive --yes" in second


def test_a_needless_confirmation_stops(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.is_deployed(queue=queue(place))
    place.is_planned(queue=queue(place, DelaySeconds=5))
    assert main([*place.arguments, "--confirm", "Qeueu"]) == 2
    assert place.commands() == []
    assert "CONFIRM='Qeueu': nothing would be lost with Qeueu; leave it out" in capsys.readouterr().err


def test_what_holds_no_data_asks_somebody(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.is_deployed(topic=topic(place, "a"))
    place.is_planned(topic=topic(place, "b"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    assert main(place.arguments) == 1
    assert place.commands() == []
    assert "YES=1 agrees beforehand" in capsys.readouterr().err


def test_in_a_terminal_the_cli_asks_stack_by_stack(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.is_deployed(topic=topic(place, "a"))
    place.is_planned(topic=topic(place, "b"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert main(place.arguments) == 0
    (command,) = place.commands()
    assert "--concurrency 1 " in command
    assert "--yes" not in command


def test_only_looking_deploys_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.is_deployed(topic=topic(place, "a"))
    place.is_planned(topic=topic(place, "b"))
    assert main([*place.arguments, "--only-look"]) == 0
    assert place.commands() == []
    assert "1 replaces" in capsys.readouterr().out


def test_a_stack_that_the_app_has_no_more_is_seen(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.is_deployed(queue=queue(place), api=api(place), topic=topic(place, "a"))
    place.is_planned(api=api(place), topic=topic(place, "a"))
    assert main(place.arguments) == 1
    assert f"STOP: {place.name('queue')}/Queue" in capsys.readouterr().out


def test_stacks_of_others_are_let_alone(place: Place) -> None:
    other = f"{place.app}x-queue"
    place.cloudformation.create_stack(StackName=other, TemplateBody=json.dumps(queue(place)))
    place.is_planned(api=topic(place, "b"), topic=topic(place, "a"))
    assert main(place.arguments) == 0
    place.cloudformation.delete_stack(StackName=other)


def test_an_app_that_refuses_is_bad_input(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(place.arguments) == 2
    assert capsys.readouterr().err == (
        "deploy: nothing is deployed: the app could not be synthesized, for the reason above\n"
    )


def test_a_deployment_that_fails_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.is_planned(queue=queue(place))
    (place.folder / "fails").touch()
    assert main(place.arguments) == 1
    assert "failed, for the reason above" in capsys.readouterr().err


def test_an_account_that_does_not_answer(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.is_planned(queue=queue(place))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main(place.arguments) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("deploy: CloudFormation did not tell what is deployed: ")
    assert len(errors.splitlines()) == 1
    assert place.commands() == []


def test_without_the_cli_it_says_what_to_type(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(place.arguments) == 1
    assert "make install" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: --folder"),
        (["--folder", "x", "-c", "system"], "'system' is no NAME=VALUE"),
        (["--folder", "x", "--force"], "unrecognized arguments: --force"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert len(errors.splitlines()) == 1
