import io
from pathlib import Path

import pytest
from rich.console import Console

from local.cdk_output import DeployProgress, Phase, StackProgress
from local.progress import DeploymentView, Phases, describe


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


def progress(tmp_path: Path, **phases: Phase) -> DeployProgress:
    it = DeployProgress(tmp_path)
    it.stacks = {
        name: StackProgress(id=name, stack_name=f"t-{name}", phase=phase, seconds=1.25)
        for name, phase in phases.items()
    }
    return it


def test_without_a_terminal_each_step_is_one_line(output: io.StringIO, tmp_path: Path) -> None:
    with DeploymentView(Console(file=output, force_terminal=False)) as view:
        for phase in (Phase.WAITING, Phase.PUBLISHING, Phase.DEPLOYING, Phase.DEPLOYING, Phase.DONE):
            view.update(progress(tmp_path, Queue=phase, Api=Phase.WAITING))
    assert output.getvalue().splitlines() == ["  Queue: deploying", "  Queue: done in 1.2 s"]


def test_on_a_terminal_every_stack_is_shown_until_the_end(output: io.StringIO, tmp_path: Path) -> None:
    with DeploymentView(Console(file=output, force_terminal=True, width=80)) as view:
        view.update(progress(tmp_path, Queue=Phase.DONE, Api=Phase.FAILED))
    assert "Queue" in output.getvalue()
    assert "done in 1.2 s" in output.getvalue()
    assert "failed" in output.getvalue()


def test_resources_are_counted_while_a_stack_deploys() -> None:
    stack = StackProgress(id="Api", stack_name="t-api", phase=Phase.DEPLOYING, resources_done=3, resources_total=9)
    assert describe(stack) == "deploying, 3 of 9 resources"


def test_phases_are_announced_and_timed(output: io.StringIO) -> None:
    phases = Phases(Console(file=output, force_terminal=False))
    with phases.phase("cloud", "starting [the] cloud"):
        pass
    assert list(phases.seconds) == ["cloud"]
    assert phases.total == phases.seconds["cloud"]
    assert output.getvalue().startswith("starting [the] cloud …\n✓ cloud")


def test_a_phase_that_fails_is_not_announced_as_done(output: io.StringIO) -> None:
    phases = Phases(Console(file=output, force_terminal=False))
    with pytest.raises(ValueError, match="x"), phases.phase("deploy", "cdk deploy"):
        raise ValueError("x")
    assert "✓" not in output.getvalue()
