"""What every part of the configuration tree is made with."""

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, UrlConstraints

_CERTIFICATE_ARN = re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+")


def _is_certificate_arn(value: str) -> str:
    if not _CERTIFICATE_ARN.fullmatch(value):
        message = "not the ARN of an ACM certificate; allowed: arn:aws:acm:REGION:ACCOUNT:certificate/ID"
        raise ValueError(message)
    return value


def _is_not_reserved(key: str) -> str:
    if key.lower().startswith("aws:"):
        message = "AWS keeps tag keys that begin with aws: for itself; take another one"
        raise ValueError(message)
    return key


HttpsUrl = Annotated[HttpUrl, UrlConstraints(allowed_schemes=["https"])]
# The characters and length AWS takes in a tag's key and value.
TagKey = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9 _.:/=+@-]+$"), AfterValidator(_is_not_reserved)
]
TagValue = Annotated[str, Field(max_length=256, pattern=r"^[A-Za-z0-9 _.:/=+@-]+$")]
AcmCertificateArn = Annotated[str, AfterValidator(_is_certificate_arn)]
LogRetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]
# What a system calls a database, a service or a bucket; part of construct ids and of variables' names.
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=24)]
RegionName = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]


class Section(BaseModel):
    """A frozen part of the tree that knows its fields and refuses all others."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)


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
