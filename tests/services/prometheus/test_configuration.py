"""How Prometheus is told what to do, version by version."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.prometheus.configuration import (
    PrometheusNotFoundError,
    ServerOptions,
    arguments,
    configuration_text,
    major_version,
)
from tests.support.postgres import HOST


def options(folder: Path, **changes: Any) -> ServerOptions:
    given: dict[str, Any] = {
        "port": 9090,
        "host": HOST,
        "external_labels": {},
        "targets": folder / "targets.json",
        "folder": folder / "data",
        "scrape_interval_seconds": 30,
        "region": "eu-central-1",
        **changes,
    }
    return ServerOptions(**given)


def test_each_version_has_its_flag_for_the_agent(tmp_path: Path) -> None:
    managed = options(tmp_path, remote_write_url="http://localhost/write")
    assert "--enable-feature=agent" in arguments(managed, tmp_path / "x", major=2)
    assert "--agent" in arguments(managed, tmp_path / "x", major=3)
    assert "--agent" not in arguments(options(tmp_path), tmp_path / "x", major=3)


def test_writing_elsewhere_is_signed_for_the_region(tmp_path: Path) -> None:
    url = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write"
    written = json.loads(configuration_text(options(tmp_path, remote_write_url=url)))
    assert written["remote_write"] == [{"url": url, "sigv4": {"region": "eu-central-1"}}]
    assert "remote_write" not in json.loads(configuration_text(options(tmp_path)))


@pytest.mark.parametrize(("interval", "timeout"), [(5, "5s"), (30, "10s")])
def test_a_scrape_ends_before_the_next_begins(tmp_path: Path, interval: int, timeout: str) -> None:
    written = json.loads(configuration_text(options(tmp_path, scrape_interval_seconds=interval)))
    assert written["global"]["scrape_timeout"] == timeout


@pytest.mark.parametrize(
    ("output", "major"),
    [("prometheus, version 2.42.0+ds (branch: debian/sid)", 2), ("prometheus, version 3.13.2 (branch: HEAD)", 3)],
)
def test_versions_are_told_apart(tmp_path: Path, output: str, major: int) -> None:
    program = tmp_path / "prometheus"
    program.write_text(f"#!/bin/sh\necho '{output}'\n")
    program.chmod(0o755)
    assert major_version(str(program)) == major


def test_a_program_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(PrometheusNotFoundError, match="cannot be run"):
        major_version(str(tmp_path / "prometheus"))
    with pytest.raises(PrometheusNotFoundError, match="does not tell a version"):
        major_version("/bin/true")
