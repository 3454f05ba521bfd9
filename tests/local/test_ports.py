import os
import socket

import psutil
import pytest

from local import ports
from local.errors import InputError, LocalError
from local.settings import PORT_VARIABLE, RECEIVER_PORT_VARIABLE, WORKLOAD_ENDPOINT_VARIABLE, Settings


def test_a_taken_port_names_its_holder_and_the_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LocalError) as caught:
            ports.require_free(port, variable=PORT_VARIABLE, purpose="the AWS APIs")
    message = str(caught.value)
    assert f"port {port} (the AWS APIs) is taken by process {os.getpid()}" in message
    assert f"set {PORT_VARIABLE} to a free port" in message
    assert "\n" not in message
    ports.require_free(port, variable=PORT_VARIABLE, purpose="the AWS APIs")


def test_a_holder_that_is_not_shown_is_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", denied)
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(LocalError, match="taken by another process"):
        ports.require_free(server.getsockname()[1], variable=PORT_VARIABLE, purpose="x")


def test_flags_go_before_the_environment() -> None:
    environ = {PORT_VARIABLE: "5000", RECEIVER_PORT_VARIABLE: "5001"}
    assert Settings.load(environ).port == 5000
    settings = Settings.load(environ, port=6000)
    assert (settings.port, settings.receiver_port) == (6000, 5001)
    assert Settings.load({}).port == 4566


@pytest.mark.parametrize("value", ["0", "65536", "-1", "abc", "1.5", "٣"])
def test_a_port_that_is_none_names_the_variable_and_what_is_allowed(value: str) -> None:
    with pytest.raises(InputError, match=f"{PORT_VARIABLE}: '{value}' is no port: a number between 1 and 65535"):
        Settings.load({PORT_VARIABLE: value})


def test_both_servers_need_a_port_of_their_own() -> None:
    with pytest.raises(InputError, match="cannot share port 5000"):
        Settings.load({PORT_VARIABLE: "5000", RECEIVER_PORT_VARIABLE: "5000"})


@pytest.mark.parametrize("value", ["localhost:4600", "ftp://localhost", "https://", "https://localhost/?a=b"])
def test_an_address_for_workloads_that_is_none_names_the_variable(value: str) -> None:
    with pytest.raises(InputError, match=f"{WORKLOAD_ENDPOINT_VARIABLE}: .* is no address of an API"):
        Settings.load({WORKLOAD_ENDPOINT_VARIABLE: value})


def test_workloads_call_aws_at_the_cloud_itself_unless_told_otherwise() -> None:
    assert Settings.load({}).workload_endpoint_url is None
    environ = {WORKLOAD_ENDPOINT_VARIABLE: "https://localhost:4600/"}
    assert Settings.load(environ).workload_endpoint_url == "https://localhost:4600"
