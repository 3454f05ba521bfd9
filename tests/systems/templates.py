"""What the tests of the systems read from templates."""

from typing import Any

from tests.support.synth import Assembly


def subnets(assembly: Assembly) -> dict[str, list[str]]:
    """Blocks of the subnets by their tier, in the order of the zones."""
    found: dict[str, list[tuple[int, str]]] = {}
    for resource in assembly.resources("AWS::EC2::Subnet").values():
        properties = resource["Properties"]
        tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
        zone = properties["AvailabilityZone"]["Fn::Select"][0]
        found.setdefault(tags["aws-cdk:subnet-name"], []).append((zone, properties["CidrBlock"]))
    return {tier: [block for _, block in sorted(blocks)] for tier, blocks in found.items()}


def subnet_ids(assembly: Assembly) -> dict[str, list[str]]:
    """Logical ids of the subnets by their tier, sorted."""
    found: dict[str, list[str]] = {}
    for place, resource in assembly.resources("AWS::EC2::Subnet", "Network").items():
        tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
        found.setdefault(tags["aws-cdk:subnet-name"], []).append(place.partition("/")[2])
    return {tier: sorted(ids) for tier, ids in found.items()}


def referred(assembly: Assembly, references: list[dict[str, Any]]) -> list[str]:
    """Logical ids of the resources of Network that references from another stack lead to, sorted."""
    outputs = assembly.templates["Network"]["Outputs"]
    return sorted(outputs[each["Fn::GetStackOutput"]["OutputName"]]["Value"]["Ref"] for each in references)


def services(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """ECS services by the name of their container: tasks, size, port, and how a deployment replaces them."""
    found = {}
    for place, service in assembly.resources("AWS::ECS::Service").items():
        stack = place.partition("/")[0]
        properties = service["Properties"]
        task = assembly.templates[stack]["Resources"][properties["TaskDefinition"]["Ref"]]["Properties"]
        (container,) = task["ContainerDefinitions"]
        deployment = properties["DeploymentConfiguration"]
        found[container["Name"].lower()] = {
            # A service that scales has no number of its own.
            "tasks": properties.get("DesiredCount", _least(assembly, place)),
            "size": (int(task["Cpu"]), int(task["Memory"])),
            "port": container["PortMappings"][0]["ContainerPort"],
            "healthy percent": (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]),
        }
    return found


def _least(assembly: Assembly, service: str) -> int | None:
    logical_id = service.partition("/")[2]
    targets = assembly.resources("AWS::ApplicationAutoScaling::ScalableTarget").values()
    return next(
        (each["Properties"]["MinCapacity"] for each in targets if logical_id in str(each["Properties"]["ResourceId"])),
        None,
    )


def scaling(assembly: Assembly) -> list[tuple[int, int]]:
    """Least and most tasks of every service that scales, sorted."""
    targets = assembly.resources("AWS::ApplicationAutoScaling::ScalableTarget").values()
    return sorted((target["Properties"]["MinCapacity"], target["Properties"]["MaxCapacity"]) for target in targets)


def count(assembly: Assembly, resource_type: str) -> int:
    return len(assembly.resources(resource_type))


def only(assembly: Assembly, resource_type: str) -> dict[str, Any]:
    return assembly.only(resource_type)


def listeners(assembly: Assembly) -> dict[int, dict[str, Any]]:
    """The load balancer's listeners by their port."""
    found = assembly.resources("AWS::ElasticLoadBalancingV2::Listener").values()
    return {listener["Properties"]["Port"]: listener["Properties"] for listener in found}


def rules(assembly: Assembly) -> list[tuple[int, tuple[str, ...]]]:
    """Priority and path patterns of the listener's rules, in their order."""
    found = []
    for rule in assembly.resources("AWS::ElasticLoadBalancingV2::ListenerRule").values():
        conditions = rule["Properties"]["Conditions"]
        paths = [value for each in conditions for value in each.get("PathPatternConfig", {}).get("Values", [])]
        found.append((rule["Properties"]["Priority"], tuple(paths)))
    return sorted(found)


def alarms(assembly: Assembly) -> list[str]:
    """Logical ids of the alarms without their hashes, sorted."""
    return sorted(place.rstrip("0123456789ABCDEF") for place in assembly.resources("AWS::CloudWatch::Alarm"))
