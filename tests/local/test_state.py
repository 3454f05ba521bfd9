import json

import pytest

from local.files import write_atomic
from local.settings import Settings
from local.state import StackState, State, load

STATE = State(
    api_url="https://localhost:4566/_alb/x",
    endpoint_url="https://localhost:4566",
    ca_bundle="/ca.pem",
    receiver_url="https://localhost:4580",
    region="us-east-1",
    account="000000000000",
    system="shop",
    env="dev",
    provider="local",
    stacks={
        "Queue": StackState(stack_name="shop-dev-queue", status="CREATE_COMPLETE", seconds=1.5, outputs={"A": "b"})
    },
)


def test_the_state_is_read_back(settings: Settings) -> None:
    STATE.save(settings)
    assert load(settings) == STATE
    assert json.loads(settings.state_file.read_text())["stacks"]["Queue"]["outputs"] == {"A": "b"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"stacks": {}}', '{"stacks": {"Queue": {"no": 1}}}'])
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
