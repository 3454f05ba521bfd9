"""Rehearses every failure on every database of a system, and tells what each has cost."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from local.cloud import is_healthy
from local.drill.databases import Account, Database
from local.drill.failures import delete_rows, kill_instance, restore_dump
from local.drill.results import RPO_TARGET_SECONDS, RTO_TARGET_SECONDS, Result
from local.drill.writer import table
from local.errors import LocalError
from local.settings import ROOT, Settings
from local.state import load

_COMPUTING_SECONDS = 60
_LINE = "  {:<30}  {:>8}  {:>8}  {:<7}  {}"

Computed = Mapping[tuple[str, str, str], dict[str, Any]]
"""Figures by stack, logical id and failure."""


def drill(settings: Settings, console: Console, *, system: str, env: str) -> bool:
    """Rehearse and report; returns whether nothing was lost and every target was met.

    Raises:
        LocalError: the system is not deployed, it has no database, or a failure could not be rehearsed.
    """
    stacks = _deployed(settings, system, env)
    account = Account(settings)
    databases = account.databases(stacks)
    if not databases:
        raise LocalError(f"{system} {env} has no PostgreSQL database to rehearse a failure of")
    computed = _computed(settings, {stack: account.template(stack) for stack in stacks})
    results = []
    for database in databases:
        _say(console, f"{database.label}: {'cluster' if database.is_cluster else 'instance'} {database.identifier}")
        for rehearse in _rehearsals(settings, account, database):
            with table(database):
                results.append(rehearse())
            _say(console, f"  {_told(results[-1])}")
    _print(console, results, computed)
    return all(result.met for result in results)


def _deployed(settings: Settings, system: str, env: str) -> list[str]:
    """CloudFormation's names of the system's stacks."""
    state = load(settings)
    if state is None or not is_healthy(settings):
        raise LocalError(f"no cloud runs here; type: make up SYSTEM={system} ENV={env}")
    for deployment in state.deployments.values():
        if (deployment.system, deployment.env) == (system, env):
            return [stack.stack_name for stack in deployment.stacks.values()]
    known = ", ".join(f"{each.system} {each.env}" for each in state.deployments.values())
    raise LocalError(f"{system} {env} is not deployed here, {known} is; type: make up SYSTEM={system} ENV={env}")


def _rehearsals(settings: Settings, account: Account, database: Database) -> Iterator[Callable[[], Result]]:
    yield lambda: delete_rows(account, database)
    if database.dump_function is not None:
        yield lambda: restore_dump(settings, database)
    # Last: it ends the connections of whoever uses the database.
    yield lambda: kill_instance(settings, database)


def _computed(settings: Settings, templates: Mapping[str, Any]) -> Computed:
    """What the templates of the deployed stacks promise, from the program that reads them."""
    environment = f"aws://{settings.account}/{settings.region}"
    with tempfile.TemporaryDirectory(prefix="drill-") as folder:
        artifacts = {}
        for stack, template in templates.items():
            (Path(folder) / f"{stack}.json").write_text(json.dumps(template))
            artifacts[stack] = {
                "type": "aws:cloudformation:stack",
                "environment": environment,
                "properties": {"templateFile": f"{stack}.json", "stackName": stack},
            }
        (Path(folder) / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
        done = subprocess.run(  # noqa: S603 - the project's own program
            [sys.executable, "-m", "assembly", "recovery", "--json", "--assembly", folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_COMPUTING_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        raise LocalError(f"the figures of the templates could not be computed: {done.stderr.strip()}")
    return {(row["stack"], row["logical_id"], row["failure"]): row for row in json.loads(done.stdout)["rows"]}


def _told(result: Result) -> str:
    away = "did not come back" if result.rto_seconds is None else f"back after {result.rto_seconds:.1f} s"
    return f"{result.failure}: {away}, {result.lost_rows} of {result.confirmed_rows} confirmed rows lost"


def _print(console: Console, results: list[Result], computed: Computed) -> None:
    for database, group in groupby(results, key=lambda result: result.database):
        _say(console, "")
        _say(console, database.label)
        _say(console, _LINE.format("failure", "RTO", "RPO", "targets", "computed RTO, RPO"))
        for result in group:
            row = computed.get((database.stack, database.logical_id, result.computed_as or ""))
            promised = f"{_bound(row['rto'])}, {_bound(row['rpo'])}" if row else "-"
            rto = "never" if result.rto_seconds is None else f"{result.rto_seconds:.1f} s"
            met = "met" if result.met else "MISSED"
            _say(console, _LINE.format(result.failure, rto, f"{result.rpo_seconds:.1f} s", met, promised))
    _say(console, "")
    for note in dict.fromkeys(f"{result.failure}: {result.note}" for result in results if result.note):
        _say(console, note)
    targets = f"RTO below {RTO_TARGET_SECONDS / 60:g} min, RPO below {RPO_TARGET_SECONDS / 60:g} min"
    _say(console, f"targets: {targets}, no confirmed row lost")
    _say(console, "measured on this machine; computed for AWS, from the templates")


def _bound(figure: Mapping[str, Any]) -> str:
    seconds = figure["seconds"]
    if seconds is None:
        return "no bound"
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"  # noqa: PLR2004 - seconds of a minute


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
