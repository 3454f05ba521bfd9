"""Deployments under load: of a new version, of one that does not become healthy, of a migration that fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.stage import Stage

_HEALTH = "services/serving/probes.py"
_MIGRATIONS = "services/migrations/notifications"
_NOT_STABLE, _MIGRATION_FAILED = "Circuit Breaker was triggered", "the migration failed and was rolled back"
_FAILING_MIGRATION = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{newest}", None, None


def upgrade() -> None:
    op.execute("ALTER TABLE notifications DROP COLUMN body")
    op.execute("SELECT 1 FROM nothing")
"""


def deploy_new(stage: Stage, mark: str) -> list[str]:
    """Deploy other code of API and worker."""
    for name in ("services/__init__.py", "workers/notifications/handler.py"):
        with (stage.cloud.settings.root / name).open("a") as file:
            file.write(f"\n# {mark}\n")
    return _complaints(stage)


def deploy_unhealthy(stage: Stage) -> list[str]:
    """Deploy an API whose health check fails, and then the sound one again."""
    with changed(
        stage.cloud.settings.root / _HEALTH, "    return Health()\n", '    raise RuntimeError("not healthy")\n'
    ):
        complaints = _complaints(stage, fails_with=_NOT_STABLE)
    return complaints + _complaints(stage)


def deploy_failing_migration(stage: Stage) -> list[str]:
    """Deploy a schema that cannot be, and then the former one again."""
    folder = stage.cloud.settings.root / _MIGRATIONS
    newest = sorted(folder.glob("[0-9]*.py"))[-1].name[:4]
    migration = folder / "9999_impossible.py"
    migration.write_text(_FAILING_MIGRATION.replace("{newest}", newest))
    try:
        complaints = _complaints(stage, fails_with=_MIGRATION_FAILED)
    finally:
        migration.unlink()
    return complaints + _complaints(stage)


@contextmanager
def changed(file: Path, old: str, new: str) -> Iterator[None]:
    """A file with one passage replaced, until the end of the block."""
    before = file.read_text()
    assert before.count(old) == 1, f"{file.name} holds {before.count(old)} times: {old}"
    file.write_text(before.replace(old, new))
    try:
        yield
    finally:
        file.write_text(before)


def _complaints(stage: Stage, *, fails_with: str | None = None) -> list[str]:
    """What is wrong with the end of a deployment, which may have to fail for a reason."""
    cloud = stage.cloud
    done = cloud.operate("up", "--system", cloud.system, "--env", cloud.env, "--no-demo")
    if done.returncode == 0 and fails_with is None:
        return []
    if done.returncode != 0 and fails_with is not None and fails_with in done.stdout + done.stderr:
        return []
    end = " / ".join((done.stdout + done.stderr).strip().splitlines()[-6:])
    return [f"the deployment ended with {done.returncode}: {end}"]
