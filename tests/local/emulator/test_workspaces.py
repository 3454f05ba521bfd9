"""A workspace of Amazon Managed Service for Prometheus is a real server that takes remote writes."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from local import programs
from tests.local.emulator.cloud import Cloud, DeploymentError, asked
from tests.support.eventually import eventually
from tests.support.postgres import free_port

STACK = "metrics"
OUTPUTS = {
    "Endpoint": {"Fn::GetAtt": ["Workspace", "PrometheusEndpoint"]},
    "Id": {"Fn::GetAtt": ["Workspace", "WorkspaceId"]},
    "Arn": {"Ref": "Workspace"},
}
RULES = """
groups:
  - name: answers
    interval: 1s
    rules:
      - record: answer
        expr: vector(%s)
"""
WRITER = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: self
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
remote_write:
  - url: {endpoint}api/v1/remote_write
    queue_config: {{batch_send_deadline: 1s}}
"""


def resources(**rules: str) -> dict[str, Any]:
    namespaces = {
        name: {
            "Type": "AWS::APS::RuleGroupsNamespace",
            "Properties": {"Workspace": {"Ref": "Workspace"}, "Name": name.lower(), "Data": data},
        }
        for name, data in rules.items()
    }
    return {"Workspace": {"Type": "AWS::APS::Workspace", "Properties": {"Alias": "webapp"}}, **namespaces}


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[dict[str, str]]:
    yield cloud.deploy(STACK, resources(Rules=RULES % 42), OUTPUTS)
    cloud.delete(STACK)


def value(deployed: dict[str, str], question: str) -> float | None:
    answer = httpx.get(f"{deployed['Endpoint']}api/v1/query", params={"query": question}, timeout=10)
    answer.raise_for_status()
    found = answer.json()["data"]["result"]
    return float(found[0]["value"][1]) if found else None


def test_the_endpoint_has_the_form_of_the_service(deployed: dict[str, str]) -> None:
    assert deployed["Endpoint"].startswith("http://localhost:")
    assert deployed["Endpoint"].endswith(f"/workspaces/{deployed['Id']}/")
    assert deployed["Arn"] == f"arn:aws:aps:us-east-1:000000000000:workspace/{deployed['Id']}"


def test_what_another_server_writes_can_be_queried(deployed: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(WRITER.format(port=port, endpoint=deployed["Endpoint"]))
    arguments = [
        *(str(programs.METRICS.require()), f"--config.file={configuration}"),
        *(f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
    ]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(arguments, stdout=log, stderr=log) as writer:  # noqa: S603
        try:
            assert eventually(lambda: value(deployed, 'up{job="self"}')) == 1
        finally:
            writer.terminate()


def test_nobody_administrates_the_server_from_outside(deployed: dict[str, str]) -> None:
    with httpx.Client(base_url=deployed["Endpoint"]) as client:
        for path in ("-/quit", "api/v1/admin/tsdb/clean_tombstones"):
            assert client.post(path, content=b"anything").status_code == 403
        assert client.get("api/v1/status/buildinfo").status_code == 200


def test_rules_are_evaluated_replaced_and_refused(cloud: Cloud, deployed: dict[str, str]) -> None:
    assert eventually(lambda: value(deployed, "answer")) == 42
    assert cloud.deploy(STACK, resources(Rules=RULES % 43), OUTPUTS) == deployed
    eventually(lambda: value(deployed, "answer") == 43)
    for wrong in ({"Rules": RULES % "rate("}, {"Rules": RULES % 43, "More": "groups: nothing"}):
        with pytest.raises(DeploymentError, match="does not accept the rules"):
            cloud.deploy(STACK, resources(**wrong), OUTPUTS)
    assert cloud.deploy(STACK, resources(Rules=RULES % 44), OUTPUTS) == deployed
    eventually(lambda: value(deployed, "answer") == 44)
    assert cloud.deploy(STACK, resources(), OUTPUTS) == deployed
    groups = httpx.get(f"{deployed['Endpoint']}api/v1/rules").json()["data"]["groups"]
    assert groups == []


def test_the_server_listens_on_the_loopback_address_only(cloud: Cloud, deployed: dict[str, str]) -> None:
    folder = str(cloud.data / "servers" / "prometheus" / deployed["Id"])
    process = next(child for child, place in asked(cloud.children(), psutil.Process.cwd) if place == folder)
    of_the_emulator = psutil.Process(cloud.process.pid).net_connections()
    listening = [each.laddr for each in [*process.net_connections(), *of_the_emulator] if each.status == "LISTEN"]
    assert {each.ip for each in listening} == {"127.0.0.1"}


def test_a_workspace_ends_with_its_stack(cloud: Cloud) -> None:
    outputs = cloud.deploy("short-lived-workspace", resources(), OUTPUTS)
    assert value(outputs, "vector(1)") == 1
    cloud.delete("short-lived-workspace")
    assert not (cloud.data / "servers" / "prometheus" / outputs["Id"]).exists()
    with pytest.raises(httpx.ConnectError):
        value(outputs, "vector(1)")
