"""How the Prometheus server is started: its configuration file and its flags, the same for versions 2.40 to 3."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# For the version: the program answers at once.
_VERSION_SECONDS = 10
_VERSION = re.compile(r"\bversion (\d+)\.")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """One server.

    port: where it listens for queries and health checks, and is scraped by itself.
    external_labels: added to every series that is written elsewhere.
    targets: the file with the discovered targets.
    folder: where it keeps its data; it goes with the server.
    scrape_interval_seconds: between two scrapes of a target.
    balancer_port: of the load balancer's metrics, on loopback; None without a load balancer.
    retention_days: how long metrics are kept; None for Prometheus' own 15 days.
    remote_write_url: where everything is sent instead of being kept, signed for AWS in `region`; None to keep it.
    """

    port: int
    host: str
    external_labels: dict[str, str]
    targets: Path
    folder: Path
    scrape_interval_seconds: int
    region: str
    balancer_port: int | None = None
    retention_days: int | None = None
    remote_write_url: str | None = None


class PrometheusNotFoundError(Exception):
    """The program is missing or does not tell its version."""


def major_version(executable: str) -> int:
    """The first part of the program's version. Raises PrometheusNotFoundError."""
    try:
        done = subprocess.run(  # noqa: S603  # the image's own program
            [executable, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PrometheusNotFoundError(f"{executable} cannot be run: {error}") from None
    found = _VERSION.search(done.stdout + done.stderr)
    if found is None:
        raise PrometheusNotFoundError(f"{executable} --version does not tell a version")
    return int(found[1])


def arguments(options: ServerOptions, configuration: Path, *, major: int) -> list[str]:
    """The flags for a server of that version."""
    flags = [
        f"--config.file={configuration}",
        f"--web.listen-address={options.host}:{options.port}",
        "--log.format=json",
    ]
    if options.remote_write_url is not None:
        # Version 3 has a flag for what was a feature of version 2.
        agent = "--agent" if major >= 3 else "--enable-feature=agent"  # noqa: PLR2004
        return [*flags, agent, f"--storage.agent.path={options.folder}"]
    flags.append(f"--storage.tsdb.path={options.folder}")
    if options.retention_days is not None:
        flags.append(f"--storage.tsdb.retention.time={options.retention_days}d")
    return flags


def configuration_text(options: ServerOptions) -> str:
    """The configuration file: JSON, which is YAML."""
    document: dict[str, Any] = {
        "global": {
            "scrape_interval": f"{options.scrape_interval_seconds}s",
            # At most the interval, as Prometheus demands.
            "scrape_timeout": f"{min(options.scrape_interval_seconds, 10)}s",
            "external_labels": options.external_labels,
        },
        "scrape_configs": [
            {"job_name": "ecs", "file_sd_configs": [{"files": [str(options.targets)]}]},
            _fixed("prometheus", options.port),
        ],
    }
    if options.balancer_port is not None:
        document["scrape_configs"].append(_fixed("load-balancer", options.balancer_port))
    if options.remote_write_url is not None:
        document["remote_write"] = [{"url": options.remote_write_url, "sigv4": {"region": options.region}}]
    return json.dumps(document, indent=2)


def _fixed(job: str, port: int) -> dict[str, Any]:
    return {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"service": job}}]}
