"""The environment that makes AWS clients, the CDK CLI and Node talk to the embedded cloud, and to nothing else."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from local.settings import (
    DIRECTORY_VARIABLE,
    PORT_VARIABLE,
    RECEIVER_PORT_VARIABLE,
    Settings,
)

# Under enforced IAM the emulator takes an access key of twelve digits, with this secret, as that account's
# administrator. It is no secret in the usual sense: the server listens on loopback only.
ADMINISTRATOR_SECRET = "test"  # noqa: S105
# What a person may have set for output and convenience; every other AWS variable could lead to another account.
_HARMLESS = frozenset({"AWS_PAGER", "AWS_DEFAULT_OUTPUT", "AWS_CLI_AUTO_PROMPT", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"})
# Unset whether or not the calling shell has them: `eval` may run in another one.
_ALWAYS_UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_LOOPBACK = "localhost,127.0.0.1,::1"


def assignments(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables to set, on top of `environ`."""
    tools = [str(settings.bin), str(Path(sys.executable).parent), str(settings.root / "node_modules" / ".bin")]
    others = [each for each in environ.get("PATH", os.defpath).split(os.pathsep) if each not in tools]
    variables = {
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_CA_BUNDLE": str(settings.ca_bundle),
        "AWS_ACCESS_KEY_ID": settings.account,
        "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR_SECRET,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "NODE_EXTRA_CA_CERTS": str(settings.ca_bundle),
        "CDK_DOCKER": str(settings.docker),
        DIRECTORY_VARIABLE: str(settings.directory),
        PORT_VARIABLE: str(settings.port),
        RECEIVER_PORT_VARIABLE: str(settings.receiver_port),
        "PATH": os.pathsep.join([*tools, *others]),
    }
    if any(environ.get(name) for name in _PROXIES):
        for name in ("NO_PROXY", "no_proxy"):
            known = environ.get(name)
            variables[name] = f"{known},{_LOOPBACK}" if known and _LOOPBACK not in known else known or _LOOPBACK
    return variables


def disturbing(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """The variables to unset: whatever would lead an AWS client to other credentials or another address."""
    kept = _HARMLESS.union(assignments(settings, environ))
    present = (name for name in environ if name.startswith("AWS_") and name not in kept)
    return sorted({*_ALWAYS_UNSET, *present})


def child_environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The whole environment for a tool that is started here."""
    removed = disturbing(settings, environ)
    return {name: value for name, value in environ.items() if name not in removed} | assignments(settings, environ)


def shell_lines(settings: Settings, environ: Mapping[str, str]) -> str:
    """What `eval "$(make -s env)"` takes: `unset` and `export` lines for a POSIX shell."""
    lines = [f"unset {name}" for name in disturbing(settings, environ)]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in assignments(settings, environ).items()]
    return "\n".join(lines) + "\n"
