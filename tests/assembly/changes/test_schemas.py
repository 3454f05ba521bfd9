"""CloudFormation's schemas, as the lock pins them, say what can be set at creation only."""

import gzip
import json
from typing import Any

import pytest

from assembly.changes import schemas
from assembly.changes.schemas import CALLED_REPLACING_BY_THE_CLI, at, schema_of
from assembly.changes.stateful import HOLDINGS
from assembly.errors import InputError
from constructs_lib.project import PROJECT_ROOT


@pytest.mark.parametrize(
    ("its_type", "pointer"),
    [
        ("AWS::RDS::DBCluster", ("DatabaseName",)),
        ("AWS::RDS::DBInstance", ("MasterUsername",)),
        ("AWS::S3::Bucket", ("BucketName",)),
        ("AWS::SQS::Queue", ("FifoQueue",)),
        ("AWS::ElastiCache::ReplicationGroup", ("CacheSubnetGroupName",)),
        ("AWS::AmazonMQ::Broker", ("DeploymentMode",)),
        ("AWS::OpenSearchService::Domain", ("DomainName",)),
        ("AWS::EC2::VPCEndpoint", ("DnsOptions", "PrivateDnsPreference")),
    ],
)
def test_create_only_properties(its_type: str, pointer: tuple[str, ...]) -> None:
    schema = schema_of(its_type, "eu-central-1")
    assert schema is not None
    assert pointer in schema.create_only


def test_conditions_are_kept_apart() -> None:
    schema = schema_of("AWS::RDS::DBInstance", "eu-central-1")
    assert schema is not None
    assert ("Engine",) in schema.conditional
    assert ("MultiAZ",) not in schema.conditional


def test_everything_that_holds_data_has_a_schema() -> None:
    assert [its_type for its_type in HOLDINGS if schema_of(its_type, None) is None] == []


@pytest.mark.parametrize("region", [None, "eu-central-1", "xx-nowhere-1"])
def test_any_region_has_one(region: str | None) -> None:
    assert schema_of("AWS::SQS::Queue", region) is not None


def test_an_unknown_type_has_none() -> None:
    assert schema_of("Acme::Cloud::Thing", None) is None


def test_what_only_the_cdk_cli_calls_a_replacement_is_known() -> None:
    """Its own specification is in its package; a new version of either may differ in other properties."""
    with gzip.open(PROJECT_ROOT / "node_modules/aws-cdk/db.json.gz") as file:
        types: list[dict[str, Any]] = json.load(file)["schema"]["resource"]["entities"]
    found = {}
    for each in types:
        its_type = each["cloudFormationType"]
        schema = schema_of(its_type, None) if its_type in HOLDINGS else None
        if schema is None:
            continue
        listed = set(CALLED_REPLACING_BY_THE_CLI.get(its_type, ()))
        known = {pointer[0] for pointer in (*schema.create_only, *schema.conditional)} - listed
        names = {name for name, it in each["properties"].items() if it.get("causesReplacement") in {"yes", "maybe"}}
        harmless = schemas._INTERRUPTING_ONLY.get(its_type, frozenset())
        if others := tuple(sorted(names - known - harmless)):
            found[its_type] = others
    assert found == dict(CALLED_REPLACING_BY_THE_CLI)


def test_paths_lead_through_lists() -> None:
    properties = {"Rules": [{"Name": "a"}, {"Name": "b"}, {}], "Name": "c"}
    assert at(properties, ("Rules", "*", "Name")) == ["a", "b"]
    assert at(properties, ("Name",)) == ["c"]
    assert at(properties, ("Missing", "*", "Name")) == []


def test_without_the_package_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match="make install"):
        schemas._data.__wrapped__()
