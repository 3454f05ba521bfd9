"""How an assembly is kept from being deployed, and how one says nothing of what was refused before."""

from pathlib import Path

_REPORT = "validation-report.json"


def withdraw(assembly: Path) -> None:
    """Take the manifest away that the CDK CLI deploys by, and the templates' names with it."""
    (assembly / "manifest.json").unlink()


def forget(assembly: Path) -> None:
    """Take away what was reported of an earlier assembly in the same folder.

    The CDK writes a report where there is something to report, and its CLI tells what it finds, however old.
    """
    (assembly / _REPORT).unlink(missing_ok=True)
