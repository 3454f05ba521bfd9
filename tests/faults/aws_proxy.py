"""microburst between the deployed code and the cloud's AWS API: the faults of AWS and of the way to it.

Run as `python -m tests.faults.aws_proxy`, it serves HTTPS like the cloud itself.
"""

import argparse
import os
import random
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web
from microburst.app import make_app
from microburst.core.pipeline import Microburst
from microburst.forward import Upstream

from local import processes
from local.ports import LOOPBACK
from local.settings import ROOT, Settings
from local.web import UnreachableError, get_json, send
from tests.support.eventually import PATIENCE_SECONDS

Rule = dict[str, Any]
"""One of microburst's rules."""

_NAME = "aws-proxy"
_START_SECONDS = 120


class AwsProxy:
    """The proxy as its operator sees it."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings = settings
        self.url = f"https://localhost:{port}"
        self._rules: list[Rule] = []
        self._guard = threading.Lock()

    @contextmanager
    def faulty(self, *rules: Rule) -> Iterator[None]:
        """AWS with these faults, beside those that there are already, until the end of the block."""
        self._change(lambda known: [*known, *rules])
        try:
            yield
        finally:
            self._change(lambda known: [rule for rule in known if all(rule is not each for each in rules)])

    def fired(self) -> int:
        """How many requests have met a fault so far."""
        return int(self._call("stats")["requests"]["faulted"])

    def _change(self, change: Callable[[list[Rule]], list[Rule]]) -> None:
        # Faults of several threads come and go independently of each other.
        with self._guard:
            self._rules = change(self._rules)
            self._call("rules", method="POST", body=self._rules)

    def _call(self, path: str, *, method: str | None = None, body: object = None) -> Any:
        answer = send(
            self.settings, f"{self.url}/_microburst/{path}", method=method, body=body, timeout_seconds=PATIENCE_SECONDS
        )
        assert answer.is_success, (path, answer.status, answer.document)
        return answer.document


@contextmanager
def running(settings: Settings, port: int, seed: int) -> Iterator[AwsProxy]:
    """The proxy before the cloud of these settings, which need not run yet; its certificates must be there."""
    arguments = ["--port", str(port), "--upstream", settings.endpoint_url, "--seed", str(seed)]
    arguments += ["--certificate", str(settings.certificate), "--key", str(settings.certificate_key)]
    settings.logs.mkdir(parents=True, exist_ok=True)
    with processes.log_file(settings, _NAME).open("wb") as log:
        process = psutil.Popen(
            [sys.executable, "-m", "tests.faults.aws_proxy", *arguments],
            cwd=ROOT,
            env=os.environ | {"SSL_CERT_FILE": str(settings.ca_bundle)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(settings, port, process)
        yield AwsProxy(settings, port)
    finally:
        processes.stop([process], grace_seconds=3)


def _wait(settings: Settings, port: int, process: psutil.Popen) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            get_json(settings, f"https://localhost:{port}/_microburst/health")
        except UnreachableError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the proxy did not start:\n{processes.last_lines(settings, _NAME)}")


class _Upstream(Upstream):  # type: ignore[misc]  # its package has no types
    """The cloud checks signatures, which cover the name of the host: it is passed on as it came."""

    def _outbound_headers(self, request: web.Request) -> dict[str, str]:
        return {**super()._outbound_headers(request), "host": request.headers["host"]}


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.aws_proxy")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    given = parser.parse_args(arguments)
    # microburst draws from it.
    random.seed(given.seed)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(given.certificate, given.key)
    microburst = Microburst(given.upstream)
    microburst.upstream = _Upstream(given.upstream, resign=False)
    app = make_app(microburst)
    web.run_app(app, host=LOOPBACK, port=given.port, ssl_context=context, print=None)


if __name__ == "__main__":
    main()
