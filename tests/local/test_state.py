import json
from dataclasses import replace

import pytest

from local.files import write_atomic
from local.settings import Settings
from local.state import Deployment, StackState, State, load

DEPLOYMENT = Deployment(
    system="shop",
    env="dev",
    api_url="https://localhost:4566/_alb/x",
    stacks={
        "Queue": StackState(stack_name="shop-dev-queue", status="CREATE_COMPLETE", seconds=1.5, outputs={"A": "b"})
    },
)


def state(*deployments: Deployment) -> State:
    return State(
        endpoint_url="https://localhost:4566",
        ca_bundle="/ca.pem",
        receiver_url="https://localhost:4580",
        region="us-east-1",
        account="000000000000",
        provider="local",
        deployments={deployment.name: deployment for deployment in deployments},
    )


def test_the_state_is_read_back(settings: Settings) -> None:
    state(DEPLOYMENT).save(settings)
    assert load(settings) == state(DEPLOYMENT)
    content = json.loads(settings.state_file.read_text())
    assert content["deployments"]["shop-dev"]["stacks"]["Queue"]["outputs"] == {"A": "b"}


def test_the_api_of_the_last_deployment_stands_on_top(settings: Settings) -> None:
    other = replace(DEPLOYMENT, system="other", api_url="https://localhost:4566/_alb/y")
    state(other).following(state(DEPLOYMENT)).save(settings)
    assert json.loads(settings.state_file.read_text())["api_url"] == "https://localhost:4566/_alb/y"
    # As the README reads it.
    assert settings.state_file.read_text().splitlines()[1] == '  "api_url": "https://localhost:4566/_alb/y",'


def test_a_deployment_replaces_its_former_self_and_leaves_others() -> None:
    first, second, again = DEPLOYMENT, replace(DEPLOYMENT, env="prod"), replace(DEPLOYMENT, api_url=None)
    deployed = state(again).following(state(second).following(state(first)))
    assert list(deployed.deployments.values()) == [second, again]
    assert deployed.last is again


def test_an_output_is_found_in_whichever_stack_has_it() -> None:
    assert DEPLOYMENT.output("A") == "b"
    assert DEPLOYMENT.output("B") is None


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"api_url": null, "deployments": {}}', '{"api_url": null, "deployments": {"a": {"no": 1}}}'],
)
def test_a_state_that_cannot_be_read_is_none(settings: Settings, content: str) -> None:
    assert load(settings) is None
    settings.directory.mkdir()
    settings.state_file.write_text(content)
    assert load(settings) is None


def test_a_reader_never_sees_half_a_file(settings: Settings) -> None:
    write_atomic(settings.state_file, "old")
    with pytest.raises(TypeError):
        write_atomic(settings.state_file, 7)  # type: ignore[arg-type]  # fails before anything is replaced
    assert settings.state_file.read_text() == "old"
    assert list(settings.directory.iterdir()) == [settings.state_file]
