"""Where in the source a resource is made, as the CDK noted it.

The CDK writes the calls that made each construct into the assembly. Of an app in Python it knows them only if it runs
with `JSII_HOST_STACK_TRACES=1` in its environment, which makes a synthesis slower.
"""

import re
import site
import sysconfig
from pathlib import Path

from assembly.layering.stacks import Stack

TRACES = "JSII_HOST_STACK_TRACES"
"""Environment variable of the synthesis that makes the CDK note the calls of an app in Python."""

_FRAME = re.compile(r"(?P<function>.+) \((?P<file>/[^:]+|[A-Za-z]:[^:]+):(?P<line>\d+)(:\d+)?\)")
_LIBRARIES = tuple(
    Path(each).resolve()
    for each in {*site.getsitepackages(), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}
)
_NODE_PACKAGES = "node_modules"
# Calls that are told: where it is made, and from where that is asked for.
_MOST = 3


def made_at(stack: Stack, logical_id: str) -> tuple[str, ...]:
    """Return the calls in the app's own source that made a resource, the innermost first; empty if none is noted."""
    frames = (_FRAME.fullmatch(line) for line in stack.traces.get(logical_id, ()))
    own = [frame for frame in frames if frame and _is_own(Path(frame["file"]))]
    return tuple(f"{_shown(Path(frame['file']))}:{frame['line']} in {frame['function']}" for frame in own[:_MOST])


def _is_own(file: Path) -> bool:
    return _NODE_PACKAGES not in file.parts and not any(file.resolve().is_relative_to(each) for each in _LIBRARIES)


def _shown(file: Path) -> Path:
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file
