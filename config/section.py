"""What every part of the configuration tree is made with."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    UrlConstraints,
    ValidationError,
)

_POLICY = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]{1,512}|[\w+=,.@-]{1,128}", re.ASCII)
_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z](?:[a-z0-9-]*[a-z0-9])?(?::([1-9][0-9]{0,4}))?", re.ASCII
)
_LAST_PORT = 65_535
_CERTIFICATE_ARN = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+")


def _is_certificate_arn(value: str) -> str:
    if not _CERTIFICATE_ARN.fullmatch(value):
        message = "not the ARN of an ACM certificate; allowed: arn:aws:acm:REGION:ACCOUNT:certificate/ID"
        raise ValueError(message)
    return value


def _is_policy(value: str) -> str:
    if not _POLICY.fullmatch(value):
        message = "not the name or ARN of a managed policy; allowed: NAME, or arn:aws:iam::ACCOUNT:policy/NAME"
        raise ValueError(message)
    return value


def _is_not_reserved(key: str) -> str:
    for prefix, owner in (("aws:", "AWS"), ("aws-cdk:", "the CDK")):
        if key.lower().startswith(prefix):
            message = f"{owner} keeps tag keys that begin with {prefix} for itself; take another one"
            raise ValueError(message)
    return key


HttpsUrl = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["https"])]
# The characters and length AWS takes in a tag's key and value.
TagKey = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9 _.:/=+@-]+$"), AfterValidator(_is_not_reserved)
]
TagValue = Annotated[str, Field(max_length=256, pattern=r"^[A-Za-z0-9 _.:/=+@-]+$")]
AcmCertificateArn = Annotated[str, AfterValidator(_is_certificate_arn)]
# A managed policy of IAM: its name in whichever account, or its ARN.
PolicyName = Annotated[str, AfterValidator(_is_policy)]
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
# What a system calls a database, a service or a bucket; part of construct ids and of variables' names.
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=24)]
DomainName = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=253)]
AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
RegionName = Annotated[str, Field(pattern=r"^[a-z]{2,4}(-[a-z]+)+-\d$")]


def _is_host(value: str) -> str:
    # Names only: an address that is not public is never a good way to name a host.
    found = _HOST.fullmatch(value)
    if found is None or int(found[1] or 443) > _LAST_PORT:
        message = "not the name of a host; allowed: NAME or NAME:PORT in small letters, such as hooks.internal:8443"
        raise ValueError(message)
    return value


def _separated(value: object) -> object:
    return tuple(value.split(",")) if isinstance(value, str) else value


HostInside = Annotated[str, AfterValidator(_is_host)]
HostsInside = Annotated[tuple[HostInside, ...], BeforeValidator(_separated)]


class Section(BaseModel):
    """A frozen part of the tree that knows its fields and refuses all others.

    Wrong values raise a `ValidationError`, except within `refused_sections`.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True, allow_inf_nan=False
    )

    # Editors and type checkers pass over it: to them each section has the signature that its own fields make.
    def __init__(self, **fields: Any) -> None:
        refused = _refused.get()
        # A section given as a mapping is part of the one being made: its faults are told with their path in that one.
        token = _refused.set(None)
        try:
            super().__init__(**fields)
        except ValidationError as error:
            if refused is None:
                raise
            self.__setstate__(type(self).model_construct(**fields).__getstate__())
            refused.append(Refused(section=self, error=error, stack=traceback.extract_stack()))
        finally:
            _refused.reset(token)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A section that was made of wrong values."""

    section: Section
    """It itself, with the values it was given: it only holds the place in the tree."""
    error: ValidationError
    """What is wrong with them."""
    stack: traceback.StackSummary
    """Where it was made."""


_refused: ContextVar[list[Refused] | None] = ContextVar("_refused", default=None)


@contextmanager
def refused_sections() -> Iterator[list[Refused]]:
    """Collect the sections that are made of wrong values, instead of ending at the first one.

    A tree made of Python's own calls is made part by part: without this, the faults of the second part would be told
    only to whoever has mended those of the first. What is made within must not be used when anything was collected.
    """
    collected: list[Refused] = []
    token = _refused.set(collected)
    try:
        yield collected
    finally:
        _refused.reset(token)


class Without(Section):
    """A protective part that a system goes without, and why."""

    reason: str = Field(min_length=10, max_length=200)
    """Why; read by whoever inherits the system."""


class Lifecycle(StrEnum):
    """What becomes of data when its stack, or the resource in it, is deleted."""

    DESTROY = "destroy"
    """Deleted with the stack, without protection: for environments that are made and thrown away."""
    SNAPSHOT = "snapshot"
    """Protected against deletion; a final snapshot is kept where the service can take one, else the data stays."""
    RETAIN = "retain"
    """Protected against deletion, and left in place when its stack goes."""
