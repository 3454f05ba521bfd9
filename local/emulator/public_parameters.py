"""Public SSM parameters that AWS serves in every account: the latest Amazon Linux images."""

from ministack.services import ssm

_FOLDER = "/aws/service/ami-amazon-linux-latest"
# An invented image id per parameter; instances of any image are described and never run.
_IMAGES = {
    "al2023-ami-kernel-6.1-arm64": "ami-0a2023000061a0064",
    "al2023-ami-kernel-6.1-x86_64": "ami-0a202300006186064",
    "al2023-ami-kernel-default-arm64": "ami-0a20230000dea0064",
}


def install() -> None:
    """Add what MiniStack's own list does not have."""
    for name, image in _IMAGES.items():
        ssm._PUBLIC_AMI_PARAMETERS.setdefault(f"{_FOLDER}/{name}", image)
