"""IAM as AWS has it where MiniStack leaves it out, and a record of every decision.

- `watching` takes note of each decision: whose, about what, by which statement of which policy;
- `record` keeps the notes, bounded, in a file that tools read;
- `asking` puts a question to IAM for a role, where AWS does something in a role's name;
- `callers` tells the calls of a function's code from Lambda's own;
- `polling`, `containers`, `functions`, `schedules` and `customer_keys` put those questions where MiniStack acts by
  itself. A missing permission then has the effect that it has on AWS.

What AWS does besides in the name of a role that is not asked for here stands in `tests/least_privilege/listed.toml`.
"""

from collections.abc import Callable

from ministack.core import iam_evaluator

from local.emulator.options import Options
from local.emulator.permissions import callers, containers, customer_keys, functions, polling, schedules, watching
from local.emulator.permissions.asking import Asking
from local.emulator.permissions.record import Record


def install(options: Options) -> tuple[Asking, Callable[[], None]]:
    """Put everything in place. Returns what asks for roles, and what ends the record."""
    record = Record(options.authorizations)
    asking = Asking(record)
    watching.install(record)
    callers.install()
    iam_evaluator.enforce = customer_keys.asking_for_keys(iam_evaluator.enforce)
    polling.install(asking)
    containers.install()
    functions.install(asking)
    schedules.install(asking)
    return asking, record.stop
