"""Decisions of the search domain."""

from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import assertions

from config.model import Lifecycle, SearchConfig
from constructs_lib.search import SearchDomain
from tests.support.given import template_of, topic, vpc


def search(lifecycle: Lifecycle = Lifecycle.DESTROY, *, alarms: bool = False, **given: Any) -> assertions.Template:
    return template_of(
        lambda stack: SearchDomain(
            stack,
            "Search",
            vpc=vpc(stack),
            config=SearchConfig(**given),
            lifecycle=lifecycle,
            alarm_topic=topic(stack) if alarms else None,
        )
    )


def domain(template: assertions.Template) -> Mapping[str, Any]:
    (found,) = template.find_resources("AWS::OpenSearchService::Domain").values()
    return found


def properties(template: assertions.Template) -> Mapping[str, Any]:
    found: Mapping[str, Any] = domain(template)["Properties"]
    return found


def test_it_is_what_the_configuration_says() -> None:
    found = properties(search(engine_version="2.19", instance_type="m7g.large.search", nodes=3, volume_gib=50))
    assert found["EngineVersion"] == "OpenSearch_2.19"
    assert (found["ClusterConfig"]["InstanceType"], found["ClusterConfig"]["InstanceCount"]) == ("m7g.large.search", 3)
    assert (found["EBSOptions"]["VolumeSize"], found["EBSOptions"]["VolumeType"]) == (50, "gp3")


def test_a_new_version_upgrades_the_domain() -> None:
    """Otherwise CloudFormation replaces it, and the new one is empty."""
    assert domain(search())["UpdatePolicy"] == {"EnableVersionUpgrade": True}


def test_encrypted_at_rest_between_nodes_and_on_the_way() -> None:
    found = properties(search())
    assert found["EncryptionAtRestOptions"] == {"Enabled": True}
    assert found["NodeToNodeEncryptionOptions"] == {"Enabled": True}
    endpoint = found["DomainEndpointOptions"]
    assert (endpoint["EnforceHTTPS"], endpoint["TLSSecurityPolicy"]) == (True, "Policy-Min-TLS-1-2-PFS-2023-10")


def test_its_own_users_decide_who_may_do_what() -> None:
    template = search()
    security = properties(template)["AdvancedSecurityOptions"]
    assert (security["Enabled"], security["InternalUserDatabaseEnabled"]) == (True, True)
    (secret,) = template.find_resources("AWS::SecretsManager::Secret")
    password = security["MasterUserOptions"]["MasterUserPassword"]["Fn::Join"][1]
    assert password == ["{{resolve:secretsmanager:", {"Ref": secret}, ":SecretString:password::}}"]


def test_the_password_has_a_character_of_every_kind() -> None:
    """OpenSearch refuses one without, and a random one of letters and digits only never has punctuation."""
    (secret,) = search().find_resources("AWS::SecretsManager::Secret").values()
    made = secret["Properties"]["GenerateSecretString"]
    assert made["RequireEachIncludedType"] is True
    assert "ExcludePunctuation" not in made
    # What stays of the punctuation that Secrets Manager draws from.
    assert set("!#%+,-./:@_=") & set(made["ExcludeCharacters"]) == set()


def test_requests_are_let_in_without_signatures_and_without_a_function() -> None:
    """Clients sign in with a password; the CDK's own way to say so is a function that nobody looks after."""
    template = search()
    (statement,) = properties(template)["AccessPolicies"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Allow", {"AWS": "*"})
    assert all(action.startswith("es:ESHttp") and not action.endswith("*") for action in statement["Action"])
    template.resource_count_is("AWS::Lambda::Function", 0)


@pytest.mark.parametrize(("nodes", "zones"), [(1, 1), (2, 2), (3, 3), (6, 3)])
def test_nodes_spread_over_as_many_zones_as_there_are(nodes: int, zones: int) -> None:
    """AWS asks for exactly as many subnets as zones, and counts a single one as none."""
    found = properties(search(nodes=nodes))
    subnets = found["VPCOptions"]["SubnetIds"]
    assert len(subnets) == zones
    assert all("Isolated" in str(subnet) for subnet in subnets)
    cluster = found["ClusterConfig"]
    assert cluster["ZoneAwarenessEnabled"] is (zones > 1)
    if zones > 1:
        assert cluster["ZoneAwarenessConfig"] == {"AvailabilityZoneCount": zones}


def test_nobody_gets_in_unasked() -> None:
    """The policy of the domain lets in whom its security group lets through."""
    (group,) = search().find_resources("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group["Properties"]


@pytest.mark.parametrize(
    ("lifecycle", "policy"),
    [(Lifecycle.DESTROY, "Delete"), (Lifecycle.SNAPSHOT, "Retain"), (Lifecycle.RETAIN, "Retain")],
)
def test_a_protected_domain_stays_with_its_credentials(lifecycle: Lifecycle, policy: str) -> None:
    template = search(lifecycle)
    (secret,) = template.find_resources("AWS::SecretsManager::Secret").values()
    assert domain(template)["DeletionPolicy"] == secret["DeletionPolicy"] == policy


def test_someone_is_told_when_documents_cannot_be_found() -> None:
    template = search(alarms=True)
    (alarm,) = template.find_resources("AWS::CloudWatch::Alarm").values()
    found = alarm["Properties"]
    assert (found["MetricName"], found["Threshold"]) == ("ClusterStatus.red", 1)
    (name,) = template.find_resources("AWS::OpenSearchService::Domain")
    assert {"Name": "DomainName", "Value": {"Ref": name}} in found["Dimensions"]


def test_without_a_topic_there_is_no_alarm() -> None:
    search().resource_count_is("AWS::CloudWatch::Alarm", 0)
