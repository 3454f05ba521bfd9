"""Stacks turned on their head on purpose: each mistake is named with its place, and how to put it right."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from assembly.layering.check import check
from assembly.layering.places import TRACES
from assembly.layering.stacks import read_stacks
from constructs_lib.project import PROJECT_ROOT
from stacks.base import without_dependencies
from stacks.compose import Stacks
from tests.stacks.test_topology import ORDER
from tests.support.synth import cdk_context, configuration, synthesize_config

HERE = "tests/stacks/test_reversed.py"


def admit_from_the_database(stacks: Stacks) -> None:
    database = stacks.security_groups["database:notifications"]
    database.add_ingress_rule(stacks.security_groups["service:api"], ec2.Port.tcp(5432))


def name_the_api_in_the_queue(stacks: Stacks) -> None:
    assert stacks.queue is not None
    role = stacks.api.services["api"].service.task_definition.task_role
    statement = iam.PolicyStatement(
        actions=["sqs:SendMessage"],
        principals=[iam.ArnPrincipal(role.role_arn)],
        resources=[stacks.queue.queue.queue.queue_arn],
    )
    stacks.queue.queue.queue.add_to_resource_policy(statement)


@pytest.mark.parametrize(
    ("reverse", "told"),
    [
        (
            admit_from_the_database,
            {
                "what": "Database refers up to Api: security-group rule",
                "where": "Database, AWS::EC2::SecurityGroupIngress Notifications/Cluster/SecurityGroup/from Api",
                "names": "Api, AWS::EC2::SecurityGroup Api/SecurityGroup",
                "instead": "open the connection from Api: there, `consumer.connections.allow_to(server, port)`",
            },
        ),
        (
            name_the_api_in_the_queue,
            {
                "what": "Queue refers up to Api: grant in the policy of a resource",
                "where": "Queue, AWS::SQS::QueuePolicy Notifications/Queue/Policy",
                "names": "Api, AWS::IAM::Role Api/",
                "instead": "grant from the consumer's role: in Api",
            },
        ),
    ],
    ids=["rule", "grant"],
)
def test_a_reversed_reference_is_named_with_its_place_and_recipe(
    reverse: Callable[[Stacks], None], told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CDK itself would end at the circle, and say neither resource nor line."""
    monkeypatch.setenv(TRACES, "1")
    monkeypatch.chdir(PROJECT_ROOT)
    with without_dependencies():
        made = synthesize_config(configuration("notifications", "dev"), "local", reverse)
    (found,) = check(read_stacks(made.folder), ORDER)
    for part, text in told.items():
        assert getattr(found, part).startswith(text), part
    assert any(each.startswith((HERE, "constructs_lib/")) for each in found.made), found.made


# Runs app.py after a change to what makes the Api stack, which is given as the body of a function of `database`, the
# security group of a database, and `api`, the stack.
_DRIVER = """
import runpy
from aws_cdk import aws_ec2 as ec2
from stacks import parts

def changed(site, vpc, resources, topic, made=parts.api):
    api = made(site, vpc, resources, topic)
    (used,) = resources.databases.values()
    database = used.network.connections.security_groups[0]
    {change}
    return api

parts.api = changed
runpy.run_path("app.py", run_name="__main__")
"""


def run_changed(change: str, outdir: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(outdir),
        "CDK_CONTEXT_JSON": json.dumps(cdk_context() | {"provider": "local"}),
        "PYTHONPATH": str(PROJECT_ROOT),
    }
    return subprocess.run(  # noqa: S603  # only what this module gives it
        [sys.executable, "-c", _DRIVER.format(change=change)],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            'database.add_ingress_rule(api.security_groups["api"], ec2.Port.tcp(5432))',
            [
                "groundwork: Database and Api wait for each other, so neither can be deployed first: Database -> Api/",
                "  Database refers up to Api: security-group rule",
                "made at: stacks/compose.py:",
                "instead: open the connection from Api",
            ],
        ),
        (
            "used.network.stack.add_stack_dependency(api)",
            ["groundwork: Database and Api wait for each other", "add_dependency between Database and Api"],
        ),
    ],
    ids=["rule", "dependency"],
)
def test_stacks_that_wait_for_each_other_end_in_a_message(change: str, told: list[str], tmp_path: Path) -> None:
    run = run_changed(change, tmp_path)
    assert run.returncode == 2, run.stderr
    assert "Traceback" not in run.stderr
    for words in told:
        assert words in run.stderr
    assert not (tmp_path / "manifest.json").exists()


def test_unchanged_it_synthesizes(tmp_path: Path) -> None:
    """What the driver of these tests does by itself makes no circle."""
    run = run_changed("pass", tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "manifest.json").exists()
