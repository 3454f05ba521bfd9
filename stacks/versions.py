"""Which versions a synthesized app uses: those of its templates, and those of the images that its containers run."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from config.end_of_life import Use
from constructs_lib.project import SERVICES_FOLDER

# What Fargate makes of a service that names no platform version.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
_LATEST_PLATFORM = "1.4.0"
_SEARCH_PREFIX = "OpenSearch_"
_AMAZON_LINUX = re.compile(r"/aws/service/ami-amazon-linux-latest/(?:al(?P<version>\d{4})|amzn(?P<old>\d+))-")
# `FROM python:3.13-slim AS build` and `COPY --from=prom/prometheus:v3.13.2 …`; a stage has no tag.
_IMAGE = re.compile(r"^(?:FROM(?:\s+--\S+)*\s+|COPY\s+--from=)(?P<name>[\w./-]+):(?P<tag>[\w.-]+)", re.MULTILINE)
_DEBIAN = re.compile(r"\b(?P<suite>bullseye|bookworm|trixie|forky)\b")

Properties = Mapping[str, Any]


def versions_in(assembly: Path) -> Iterator[Use]:
    """Yield the versions that a cloud assembly uses, in the order of its stacks' names."""
    for path in sorted(assembly.glob("*.template.json")):
        yield from template_versions(path.name.partition(".")[0], json.loads(path.read_text()))
    for path in sorted(assembly.glob("*.assets.json")):
        for image in json.loads(path.read_text()).get("dockerImages", {}).values():
            name = image["source"].get("dockerFile", "Dockerfile")
            yield from image_versions(f"services/{name}", (SERVICES_FOLDER / name).read_text())


def template_versions(stack: str, template: Mapping[str, Any]) -> Iterator[Use]:
    """Yield the versions that a template names as text, by the resource and property that names them."""
    for logical_id, resource in template.get("Resources", {}).items():
        read = _READERS.get(resource["Type"])
        for name, product, version in read(resource.get("Properties", {})) if read else ():
            # A function of CloudFormation has no version to tell.
            if isinstance(version, str):
                yield Use(field=f"{stack}/{logical_id}.{name}", product=product, version=version)
    for name, parameter in template.get("Parameters", {}).items():
        if found := _AMAZON_LINUX.match(str(parameter.get("Default", ""))):
            version = found["version"] or found["old"]
            yield Use(field=f"{stack}/{name}", product="amazon-linux", version=version)


def image_versions(path: str, dockerfile: str) -> Iterator[Use]:
    """Yield the versions of the images that a Dockerfile starts from or copies from."""
    for image in _IMAGE.finditer(dockerfile):
        product = image["name"].rpartition("/")[2]
        yield Use(field=path, product=product, version=image["tag"].partition("-")[0].removeprefix("v"))
        if suite := _DEBIAN.search(image["tag"]):
            yield Use(field=path, product="debian", version=suite["suite"])


def _function(properties: Properties) -> Iterator[tuple[str, str, object]]:
    yield "Runtime", "lambda", properties.get("Runtime")


def _database(properties: Properties) -> Iterator[tuple[str, str, object]]:
    engine = str(properties["Engine"])
    product = "rds-postgresql" if engine == "postgres" else engine
    yield "EngineVersion", product, properties.get("EngineVersion")


def _cache(properties: Properties) -> Iterator[tuple[str, str, object]]:
    yield "EngineVersion", properties["Engine"], properties.get("EngineVersion")


def _broker(properties: Properties) -> Iterator[tuple[str, str, object]]:
    yield "EngineVersion", "amazon-mq-rabbitmq", properties.get("EngineVersion")


def _search(properties: Properties) -> Iterator[tuple[str, str, object]]:
    yield "EngineVersion", "opensearch", properties["EngineVersion"].removeprefix(_SEARCH_PREFIX)


def _service(properties: Properties) -> Iterator[tuple[str, str, object]]:
    version = properties.get("PlatformVersion", "LATEST")
    yield "PlatformVersion", "fargate", _LATEST_PLATFORM if version == "LATEST" else version


_READERS: Mapping[str, Callable[[Properties], Iterator[tuple[str, str, object]]]] = {
    "AWS::AmazonMQ::Broker": _broker,
    "AWS::ECS::Service": _service,
    "AWS::ElastiCache::ReplicationGroup": _cache,
    "AWS::Lambda::Function": _function,
    "AWS::OpenSearchService::Domain": _search,
    "AWS::RDS::DBCluster": _database,
    "AWS::RDS::DBInstance": _database,
}
