"""The public SSM parameters that name the newest machine images, of which MiniStack knows two."""

from typing import Any

from ministack.services import ssm

_FOLDER = "/aws/service/ami-amazon-linux-latest/"
# The image behind it is a record, like every instance: one serves for all processors and kernels.
_KNOWN = _FOLDER + "al2023-ami-kernel-default-x86_64"


def install() -> None:
    """Answer for every parameter of that folder."""
    find = ssm._public_parameter

    def public_parameter(name: str | None) -> dict[str, Any] | None:
        found: dict[str, Any] | None = find(name)
        if found is None and name and name.startswith(_FOLDER):
            return {**find(_KNOWN), "Name": name, "ARN": find(_KNOWN)["ARN"].replace(_KNOWN, name)}
        return found

    ssm._public_parameter = public_parameter
