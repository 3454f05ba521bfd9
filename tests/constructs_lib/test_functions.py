"""Decisions of functions in general."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import Channel, Uses
from constructs_lib import functions
from constructs_lib.access import Access, Resources
from constructs_lib.channels import Channels
from constructs_lib.functions import RuntimeFunction
from constructs_lib.project import WORKERS_FOLDER
from constructs_lib.providers import LOCAL
from tests.support.given import config, options, template_of, vpc


def function(handler_folder: str = "notifications") -> assertions.Template:
    it = config()
    return template_of(
        lambda stack: RuntimeFunction(
            stack,
            "Function",
            handler_folder=handler_folder,
            description="Does it",
            vpc=vpc(stack),
            options=options(it),
            memory_mib=512,
            timeout_seconds=60,
            variables={"GIVEN": "value"},
        )
    )


def test_logs_end() -> None:
    """The group Lambda makes by itself keeps everything for ever."""
    template = function()
    (logs,) = template.find_resources("AWS::Logs::LogGroup")
    template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})
    template.has_resource_properties("AWS::Lambda::Function", {"LoggingConfig": {"LogGroup": {"Ref": logs}}})


def test_reaches_the_world_by_https_only() -> None:
    (group,) = function().find_resources("AWS::EC2::SecurityGroup").values()
    (rule,) = group["Properties"]["SecurityGroupEgress"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpProtocol"]) == (443, 443, "tcp")


def test_a_handler_with_dependencies_of_its_own_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is bundled from there: they would be missing at run time, and only there."""
    shutil.copytree(WORKERS_FOLDER / "notifications", tmp_path / "greedy")
    (tmp_path / "greedy" / "requirements.txt").write_text("requests\n")
    monkeypatch.setattr(functions, "WORKERS_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"requirements.txt would not be installed: add its packages"):
        function("greedy")


@pytest.mark.parametrize(
    ("channels", "ports"), [(("email", "sms"), [(443, 443)]), (("webhook",), [(443, 443), (1024, 65535)])]
)
def test_what_it_uses_gives_variables_permissions_and_ports(
    channels: tuple[Channel, ...], ports: list[tuple[int, int]]
) -> None:
    """One declaration for all three: a variable without its permission fails only when it is used."""
    it = config()
    assert it.channels is not None
    given = it.channels

    def build(stack: Any) -> None:
        made = Channels(stack, "Channels", config=given, used=channels, lifecycle=it.lifecycle)
        RuntimeFunction(
            stack,
            "Function",
            handler_folder="notifications",
            description="Does it",
            vpc=vpc(stack),
            options=options(it),
            memory_mib=512,
            timeout_seconds=60,
            access=Access(Uses(channels=channels), Resources(), LOCAL, made),
            variables={"GIVEN": "value"},
        )

    template = template_of(build)
    (function,) = template.find_resources("AWS::Lambda::Function").values()
    variables = function["Properties"]["Environment"]["Variables"]
    assert variables["GIVEN"] == "value"
    assert ("EMAIL_SENDER" in variables) is ("email" in channels)
    allowed = str(template.find_resources("AWS::IAM::Policy"))
    assert ("ses:SendEmail" in allowed) is ("email" in channels)
    (group,) = template.find_resources("AWS::EC2::SecurityGroup").values()
    assert [(rule["FromPort"], rule["ToPort"]) for rule in group["Properties"]["SecurityGroupEgress"]] == ports
