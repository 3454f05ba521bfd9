"""No stack waits for one that waits for it."""

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk

from assembly.layering.check import check
from assembly.layering.circles import CircleError, is_circle
from assembly.layering.order import read_order
from assembly.layering.places import TRACES
from assembly.layering.stacks import read_stacks
from constructs_lib.project import PROJECT_ROOT
from stacks.base import without_dependencies
from stacks.compose import new_app

ORDER = PROJECT_ROOT / "stacks" / "order.toml"


def without_circle(app: cdk.App, synthesize: Callable[[cdk.App], Path]) -> Path:
    """Return the folder that `synthesize` makes of an app.

    Raises:
        CircleError: its stacks refer to each other in a circle; it names the references against the declared order.
            They are looked for in an app that is made once more, with its calls noted.
    """
    try:
        return synthesize(app)
    except RuntimeError as error:
        if not is_circle(error):
            raise
        os.environ[TRACES] = "1"
        with TemporaryDirectory() as folder:
            with without_dependencies():
                synthesize(new_app(outdir=folder))
            findings = check(read_stacks(Path(folder)), read_order(ORDER))
        raise CircleError(str(error), findings) from error
