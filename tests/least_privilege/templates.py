"""The roles of a system as its templates have them, without deploying it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import aws_cdk as cdk

from assembly.privileges.model import Granted, Role
from assembly.privileges.read import read_roles
from constructs_lib.providers import LOCAL
from stacks.compose import build_app, new_app
from tests.least_privilege.proven import BEYOND_DEVELOPMENT
from tests.support.synth import ACCOUNT, REGION, assembly_of, cdk_context, configuration


@cache
def roles(system: str, environment: str) -> tuple[Role, ...]:
    """By the construct paths that the CDK CLI writes into templates as well."""
    app = new_app(cdk_context() | {"aws:cdk:enable-path-metadata": True})
    build_app(app, configuration(system, environment), LOCAL, cdk.Environment(account=ACCOUNT, region=REGION))
    return read_roles(Path(assembly_of(app).directory))


def of_proof(system: str, environment: str, found: Iterable[Role]) -> Iterator[Role]:
    """The roles with those of their grants that the proof of this environment goes over."""
    known: set[tuple[str, ...]] = set()
    if (system, environment) in BEYOND_DEVELOPMENT:
        known = {_key(role, each) for role in roles(system, "dev") for each in role.granted}
    for role in found:
        yield replace(role, granted=tuple(each for each in role.granted if _key(role, each) not in known))


def _key(role: Role, granted: Granted) -> tuple[str, ...]:
    return role.path, granted.action, granted.resource, granted.condition
