"""The logical ids of what holds data are those that are frozen in the file, and the other way round."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.stacks import stateful
from tests.stacks.stateful import FILE, Stateful, differences, main, parse, render, synthesized

HINT = """
Whoever has deployed it loses data by this. Keep the logical id (cfn_resource.override_logical_id("…")), or see in
docs/deploying.md, "What a deployment may not lose", what else there is to do. If it is meant: make stateful."""

QUEUE = Stateful(system="shop", stack="Queue", logical_id="OrdersABC", type="AWS::SQS::Queue", environment="dev")


def test_what_holds_data_is_called_as_ever() -> None:
    found = differences(parse(FILE.read_text(encoding="utf-8")), synthesized())
    assert not found, "\n".join([*found, HINT])


def test_the_file_is_as_it_would_be_written() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert render(parse(text)) == text


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (set(), ["missing: shop/dev Queue.OrdersABC (AWS::SQS::Queue)"]),
        (
            {replace(QUEUE, logical_id="RequestsDEF")},
            [
                "renamed: shop/dev Queue.OrdersABC (AWS::SQS::Queue) is now perhaps Queue.RequestsDEF",
                "new: shop/dev Queue.RequestsDEF (AWS::SQS::Queue)",
            ],
        ),
        (
            {replace(QUEUE, type="AWS::S3::Bucket")},
            [
                "other type: shop/dev Queue.OrdersABC (AWS::SQS::Queue) is AWS::S3::Bucket in the template",
                "new: shop/dev Queue.OrdersABC (AWS::S3::Bucket)",
            ],
        ),
        ({QUEUE, replace(QUEUE, environment="prod")}, ["new: shop/prod Queue.OrdersABC (AWS::SQS::Queue)"]),
        (
            {replace(QUEUE, environment="prod")},
            [
                "missing: shop/dev Queue.OrdersABC (AWS::SQS::Queue)",
                "new: shop/prod Queue.OrdersABC (AWS::SQS::Queue)",
            ],
        ),
        ({QUEUE}, []),
    ],
)
def test_each_difference_is_told(found: set[Stateful], told: list[str]) -> None:
    assert differences({QUEUE}, found) == told


def test_environments_that_are_alike_share_a_line() -> None:
    text = render([replace(QUEUE, environment="prod"), QUEUE])
    assert text.splitlines()[-2:] == ['[shop.Queue."AWS::SQS::Queue"]', 'OrdersABC = ["dev", "prod"]']
    assert parse(text) == {QUEUE, replace(QUEUE, environment="prod")}


def test_nothing_goes_from_the_file_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "stateful.toml"
    other = replace(QUEUE, logical_id="BillsGHI")
    file.write_text(render([QUEUE]))
    monkeypatch.setattr(stateful, "synthesized", lambda: {other})
    assert main([], file) == 1
    assert parse(file.read_text()) == {QUEUE, other}
    assert "renamed: shop/dev Queue.OrdersABC" in (printed := capsys.readouterr().err)
    assert "make stateful REMOVE=1" in printed
    assert main(["--remove"], file) == 0
    assert parse(file.read_text()) == {other}
