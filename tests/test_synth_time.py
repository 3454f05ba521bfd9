"""The measurement of what checks cost: it leaves out the checks, and nothing else."""

import json
from pathlib import Path

import pytest

from config.rules import check
from tests.support.synth import configuration
from tests.synth_time.__main__ import main
from tests.synth_time.measure import SynthesisError, Time, Times, line, synthesize
from tests.synth_time.synthesis import CHECKS, WITH, WITHOUT


def files(folder: Path) -> dict[str, object]:
    return {path.name: json.loads(path.read_text()) for path in folder.glob("*.template.json")}


def test_both_ways_make_the_same_templates(tmp_path: Path) -> None:
    for way in (WITH, WITHOUT):
        taken = synthesize(("ticketero", "dev"), way, tmp_path / way)
        assert taken.seconds > 0
        assert taken.cpu_seconds > 0
    assert files(tmp_path / WITH) == files(tmp_path / WITHOUT)
    assert len(files(tmp_path / WITH)) > 3


def test_only_one_way_has_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """prod without a certificate breaks a rule; without the checks nobody notices."""
    assert check(configuration("platform", "prod")) == []
    monkeypatch.setattr("tests.synth_time.measure.overrides_for", lambda *_: {})
    with pytest.raises(SynthesisError, match=r"(?s)platform/prod with its checks: .*load_balancer\.certificate_arn"):
        synthesize(("platform", "prod"), WITH, tmp_path / WITH)
    assert synthesize(("platform", "prod"), WITHOUT, tmp_path / WITHOUT).seconds > 0


def times(*seconds: float) -> list[Time]:
    return [Time(seconds=each, cpu_seconds=each / 2) for each in seconds]


def test_a_line_tells_what_is_above_the_target() -> None:
    slow = Times(checked=times(1.4, 1.3, 9), unchecked=times(1, 1, 1))
    assert " ".join(line(("shop", "dev"), slow).split()) == "shop/dev 1.40 1.00 +40.0 % +20.0 % above 10 %"
    assert "above" not in line(("shop", "dev"), Times(checked=times(1.15), unchecked=times(1)))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shop/dev"], "no such environment: shop/dev; allowed: ecommerce/dev"),
        (["--repetitions", "0"], "--repetitions 0; allowed: 1 and more"),
    ],
)
def test_bad_input_is_told(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_every_package_of_checks_is_there() -> None:
    """One that was renamed would be measured on both sides."""
    root = Path(__file__).parents[1]
    for name in CHECKS:
        path = root / Path(*name.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), name
