"""A provider changes where the app runs, and nothing else."""

import json
from typing import Any

import pytest

from config.model import InstanceConfig
from config.problems import ConfigError
from constructs_lib.providers import AWS, LOCAL, provider_for
from tests.support.synth import all_environments, configuration, synthesize


def test_chosen_by_name() -> None:
    assert provider_for("aws") is AWS
    assert provider_for("local") is LOCAL


def test_an_unknown_one_is_named() -> None:
    with pytest.raises(ConfigError, match="Unsupported environment: localstack"):
        provider_for("localstack")


def without_dependencies(template: dict[str, Any]) -> dict[str, Any]:
    """A template with neither the dependencies' layer nor any trace of it."""
    copy: dict[str, Any] = json.loads(json.dumps(template))
    resources = copy["Resources"]
    layers = {name for name in resources if "Dependencies" in name}
    for name in layers:
        del resources[name]
    for resource in resources.values():
        properties = resource.get("Properties", {})
        if "Layers" in properties:
            properties["Layers"] = [layer for layer in properties["Layers"] if layer["Ref"] not in layers]
        if "DependsOn" in resource:
            resource["DependsOn"] = [name for name in resource["DependsOn"] if name not in layers]
    return copy


def without_connection_thresholds(template: dict[str, Any]) -> dict[str, Any]:
    """A template without the number of connections that raises an alarm: it follows from the size of the database."""
    copy: dict[str, Any] = json.loads(json.dumps(template))
    for name, resource in copy["Resources"].items():
        if "ConnectionsAlarm" in name:
            del resource["Properties"]["Threshold"]
    return copy


def sizes_left_open(system: str, environment: str) -> dict[str, str]:
    """Sizes that the configuration leaves to the provider: AWS's own, and what stands for it here."""
    it = configuration(system, environment)
    found = {}
    if any(isinstance(each, InstanceConfig) and each.instance_type is None for each in it.databases.values()):
        found[AWS.database_instance_type] = LOCAL.database_instance_type
    if it.cache is not None and it.cache.node_type is None:
        found[AWS.cache_node_type] = LOCAL.cache_node_type
    if it.broker is not None and it.broker.instance_type is None:
        found[AWS.broker_instance_type] = LOCAL.broker_instance_type
    return found


@pytest.mark.parametrize(("system", "environment"), all_environments())
def test_templates_differ_in_bundling_tls_to_the_database_and_open_sizes_only(system: str, environment: str) -> None:
    """What is proven on the embedded cloud is proven of what goes to AWS."""
    aws = synthesize(system, environment, "aws")
    local = synthesize(system, environment, "local")
    for stack, template in aws.templates.items():
        expected = json.dumps(without_dependencies(template)).replace('"verify-full"', '"disable"')
        sizes = sizes_left_open(system, environment)
        for size, stand_in in sizes.items():
            expected = expected.replace(f'"{size}"', f'"{stand_in}"')
        left, right = local.templates[stack], json.loads(expected)
        if AWS.database_instance_type in sizes:
            left, right = without_connection_thresholds(left), without_connection_thresholds(right)
        assert left == right
