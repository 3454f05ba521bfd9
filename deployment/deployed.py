"""What is deployed: the template of each stack, as CloudFormation has it."""

import json
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from assembly.changes.sources import Stack, TemplateSet
from deployment.errors import DeploymentError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

# A stack that was never made: there is a record of the attempt, and no resource.
_NOTHING_THERE = frozenset({"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"})
_UNFINISHED = "_IN_PROGRESS"
_DELIMITER = "-"


def deployed(planned: TemplateSet) -> TemplateSet:
    """What is deployed of the stacks of an assembly, and of those that it may have had before.

    The latter are known by their name: it begins as all names of the assembly do. Credentials, region and endpoint are
    those of the environment (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, …).

    Raises:
        DeploymentError: AWS does not answer, or a stack is being changed by somebody else.
    """
    regions = {stack.region for stack in planned.stacks.values()}
    found: dict[str, Stack] = {}
    for region in sorted(regions, key=str):
        try:
            client: CloudFormationClient = boto3.session.Session(region_name=region).client("cloudformation")
            for name in _names(client, planned):
                known = planned.stacks.get(name)
                its_id = known.id if known else name
                found[name] = Stack(name=name, id=its_id, template=_template(client, name), region=region)
        except (BotoCoreError, ClientError) as error:
            raise DeploymentError(f"CloudFormation did not tell what is deployed: {error}") from error
    return TemplateSet(stacks=found)


def write(templates: TemplateSet, folder: Path) -> None:
    """Keep templates in a folder, one per stack, as `python -m assembly changes --from` takes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for stack in templates.stacks.values():
        (folder / f"{stack.name}.json").write_text(json.dumps(stack.template, indent=1), encoding="utf-8")


def _names(client: "CloudFormationClient", planned: TemplateSet) -> Iterator[str]:
    for page in client.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            name, status = stack["StackName"], stack["StackStatus"]
            if status in _NOTHING_THERE or not (name in planned.stacks or _is_related(name, planned)):
                continue
            if status.endswith(_UNFINISHED):
                raise DeploymentError(
                    f"{name} is being changed by somebody else ({status}): try again when that is over"
                )
            yield name


def _is_related(name: str, planned: TemplateSet) -> bool:
    """Whether a stack is named as those of the app are: with all words that they share, and no more words in all."""
    names = [each.split(_DELIMITER) for each in planned.stacks]
    shared = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, zip(*names, strict=False))]
    words = name.split(_DELIMITER)
    return len(names) > 1 and bool(shared) and words[: len(shared)] == shared and len(words) <= max(map(len, names))


def _template(client: "CloudFormationClient", name: str) -> dict[str, Any]:
    body: Any = client.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    try:
        template = json.loads(body) if isinstance(body, str) else json.loads(json.dumps(body))
    except ValueError:
        raise DeploymentError(f"the template of {name} is no JSON: it was not deployed by the CDK") from None
    if not isinstance(template, dict):
        raise DeploymentError(f"the template of {name} is no JSON object: it was not deployed by the CDK")
    return template
