"""A domain of OpenSearch Service has a control plane and no engine, and says so."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.local.emulator.cloud import Cloud

STACK = "search"
DOMAIN = "AWS::OpenSearchService::Domain"
OUTPUTS = {
    "Endpoint": {"Fn::GetAtt": ["Domain", "DomainEndpoint"]},
    "Arn": {"Fn::GetAtt": ["Domain", "Arn"]},
    "Id": {"Fn::GetAtt": ["Domain", "Id"]},
    "Name": {"Ref": "Domain"},
}


def resources(**changes: Any) -> dict[str, Any]:
    """What aws-cdk-lib renders for a domain in a VPC with fine-grained access control."""
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "es:ESHttp*", "Resource": "*"}
    password = {"Fn::Sub": "{{resolve:secretsmanager:${Login}:SecretString:password::}}"}
    generated = {"GenerateStringKey": "password", "SecretStringTemplate": '{"username":"admin"}'}
    properties = {
        "EngineVersion": "OpenSearch_2.19",
        "ClusterConfig": {
            "DedicatedMasterEnabled": False,
            "InstanceCount": 2,
            "InstanceType": "t3.small.search",
            "MultiAZWithStandbyEnabled": False,
            "ZoneAwarenessConfig": {"AvailabilityZoneCount": 2},
            "ZoneAwarenessEnabled": True,
        },
        "EBSOptions": {"EBSEnabled": True, "VolumeSize": 10, "VolumeType": "gp3"},
        "VPCOptions": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        "AdvancedSecurityOptions": {
            "Enabled": True,
            "InternalUserDatabaseEnabled": True,
            "MasterUserOptions": {"MasterUserName": "admin", "MasterUserPassword": password},
        },
        "EncryptionAtRestOptions": {"Enabled": True},
        "NodeToNodeEncryptionOptions": {"Enabled": True},
        "DomainEndpointOptions": {"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
        "SoftwareUpdateOptions": {"AutoSoftwareUpdateEnabled": True},
        "LogPublishingOptions": {
            "AUDIT_LOGS": {"CloudWatchLogsLogGroupArn": {"Fn::GetAtt": ["Logs", "Arn"]}, "Enabled": True}
        },
        "AccessPolicies": {"Version": "2012-10-17", "Statement": [statement]},
        **changes,
    }
    return {
        "Login": {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generated}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {}},
        "Domain": {"Type": DOMAIN, "Properties": properties},
    }


@pytest.fixture
def deployed(cloud: Cloud) -> Iterator[dict[str, str]]:
    yield cloud.deploy(STACK, resources(), OUTPUTS)
    cloud.delete(STACK)


def listed(cloud: Cloud) -> list[tuple[str, str]]:
    entries = json.loads((cloud.data / "recorded-only.json").read_text())
    return [(entry["logical_id"], entry["physical_id"]) for entry in entries if entry["type"] == DOMAIN]


def test_the_domain_is_described_as_the_template_has_it(cloud: Cloud, deployed: dict[str, str]) -> None:
    domain = cloud.client("opensearch").describe_domain(DomainName=deployed["Name"])["DomainStatus"]
    assert (domain["ARN"], domain["DomainId"]) == (deployed["Arn"], deployed["Id"])
    assert domain["Endpoints"] == {"vpc": deployed["Endpoint"]}
    assert domain["ClusterConfig"]["InstanceCount"] == 2
    assert domain["AdvancedSecurityOptions"]["Enabled"] is True


def test_its_endpoint_refuses_every_connection_at_once(deployed: dict[str, str]) -> None:
    # What keeps a client waiting instead is another error: it times out.
    with pytest.raises(httpx.ConnectError, match="refused"):
        httpx.get(f"https://{deployed['Endpoint']}/", timeout=10)


def test_it_is_listed_as_without_engine_while_it_exists(cloud: Cloud) -> None:
    first = cloud.deploy(STACK, resources(), OUTPUTS)
    assert listed(cloud) == [("Domain", first["Name"])]
    changed = resources(ClusterConfig={"InstanceCount": 4, "InstanceType": "t3.small.search"})
    assert cloud.deploy(STACK, changed, OUTPUTS) == first
    renamed = cloud.deploy(STACK, resources(DomainName="products"), OUTPUTS)
    assert listed(cloud) == [("Domain", "products")]
    assert renamed["Name"] == "products"
    cloud.delete(STACK)
    assert listed(cloud) == []
