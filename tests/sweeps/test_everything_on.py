"""What no reference environment has, all of it turned on: held to the same as theirs."""

from functools import cache

import pytest

from config.firewall import FirewallConfig
from config.model import Nat
from config.traffic_logs import AccessLogsConfig, FlowLogsConfig
from gates.security.places import templates_of
from gates.security.promises import broken
from tests.matrix.system import everything
from tests.support.changed import changed
from tests.support.synth import CERTIFICATE_ARN, REGION, Assembly, synthesize_config
from tests.sweeps.statements import is_wildcard, of_endpoints, of_resources, of_roles
from tests.sweeps.test_permissions import unlisted

# Endpoints that anybody's calls pass, by the end of their id.
WITHOUT_POLICY = ("ApsWorkspacesEndpoint",)
# What anybody may read or answer to, as whatever is signed inside would be refused where nobody is named.
OF_AWS = (
    "arn:${}:s3:::prod-${region}-starport-layer-bucket/*",
    "arn:${}:s3:::al2023-repos-${region}-de612dc2/*",
    f"arn:${{}}:s3:::cloudformation-custom-resource-response-{REGION.replace('-', '')}/*",
)


@pytest.fixture(params=[Nat.GATEWAY, Nat.NONE])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    return with_everything(request.param)


@cache
def with_everything(nat: Nat) -> Assembly:
    config = changed(
        everything("prod"),
        customer_keys=True,
        network__nat=nat,
        network__interface_endpoints=True,
        network__s3_prefix_list_id="pl-6ea54007",
        network__flow_logs=FlowLogsConfig(destination="s3"),
        load_balancer__certificate_arn=CERTIFICATE_ARN,
        load_balancer__access_logs=AccessLogsConfig(),
        load_balancer__firewall=FirewallConfig(),
    )
    return synthesize_config(config)


def test_everything_is_on(assembly: Assembly) -> None:
    for type_ in ("AWS::EC2::VPCEndpoint", "AWS::EC2::FlowLog", "AWS::IAM::OIDCProvider", "AWS::WAFv2::WebACL"):
        assert assembly.resources(type_), type_


def test_the_promises_are_kept(assembly: Assembly) -> None:
    found = broken(assembly.folder, "matrix/prod", templates_of(assembly.folder))
    assert [f"{each.rule} {each.place}: {each.why}" for each in found] == []


def test_every_wildcard_is_listed(assembly: Assembly) -> None:
    assert unlisted(assembly) == []
    for statement in (*of_roles(assembly), *of_resources(assembly)):
        assert statement.effect != "Allow" or not any(map(is_wildcard, statement.actions)), statement.place


def test_endpoints_let_through_callers_of_this_account(assembly: Assembly) -> None:
    statements = list(of_endpoints(assembly))
    for statement in statements:
        if set(statement.resources) <= set(OF_AWS):
            assert not any(map(is_wildcard, statement.actions)), statement.place
            continue
        values = {(each.operator, each.key): each.values for each in statement.conditions}
        assert values["StringEquals", "aws:PrincipalAccount"] == {"${account}"}, statement.place
    bound = {statement.place for statement in statements}
    assert bound
    for place in set(assembly.resources("AWS::EC2::VPCEndpoint")) - bound:
        assert any(name in place for name in WITHOUT_POLICY), place
