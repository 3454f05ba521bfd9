"""A plugin of pytest that writes down what was collected and how each test ended."""

import json
import sys
from pathlib import Path

import pytest

from constructs_lib.project import PROJECT_ROOT

OPTION = "--record-to"
# Has pytest tell of each assertion that was reached and held. Tests are compiled in another way for it: those that
# pytest has compiled before do not tell.
TELL_ASSERTIONS = "enable_assertion_pass_hook=true"
COMPILED = PROJECT_ROOT / "build" / "conformance" / "compiled"
_ASSERTED = ("asserted", "something")
# The worst of setup, call and teardown is how a test ended.
_SEVERITY = ("passed", "skipped", "failed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, type=Path, help="file for the record, as JSON")
    # Before any test is imported, also in a worker.
    sys.pycache_prefix = str(COMPILED)


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption(OPTION)
    # A worker of pytest-xdist reports to the process that started it, which keeps the record of all.
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(path))


def pytest_assertion_pass(item: pytest.Item) -> None:
    # With the report of the test it gets from a worker to the record.
    if _ASSERTED not in item.user_properties:
        item.user_properties.append(_ASSERTED)


class Recorder:
    """Collects what the hooks tell, and writes it at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._markers: dict[str, list[str]] = {}
        self._broken: dict[str, str] = {}
        self._outcomes: dict[str, str] = {}
        self._asserted: dict[str, bool] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._markers = {item.nodeid: [marker.name for marker in item.iter_markers()] for item in session.items}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            told = report.longreprtext.strip().splitlines()
            self._broken[report.nodeid] = told[-1] if told else "no reason given"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        so_far = self._outcomes.get(report.nodeid, "passed")
        self._outcomes[report.nodeid] = max(so_far, report.outcome, key=_SEVERITY.index)
        self._asserted[report.nodeid] = _ASSERTED in [tuple(each) for each in report.user_properties]

    def pytest_sessionfinish(self) -> None:
        record = {
            "markers": self._markers,
            "broken": self._broken,
            "outcomes": self._outcomes,
            "asserted": self._asserted,
        }
        self._path.write_text(json.dumps(record))
