"""Whether a check can fail at all. A function that asserts nothing proves nothing, however green it is.

Read from the source: an assertion in the function itself, or in a helper that it calls, in its own module or in another
one of the tests.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

# A helper of a helper of a helper of a test.
DEPTH = 4
# Of `aws_cdk.assertions.Template`: they raise where a template is not as expected.
TEMPLATE_ASSERTIONS = {
    "all_resources",
    "all_resources_properties",
    "has_output",
    "has_resource",
    "has_resource_properties",
    "resource_count_is",
    "resource_properties_count_is",
    "template_matches",
}
PYTEST_ASSERTIONS = {"fail", "raises"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Proof(Enum):
    """How a test can fail."""

    OWN = "an assert of its own, of which pytest tells when it was reached"
    OTHER = "an exception it expects, a difference of templates, a helper that asserts"


@dataclass(frozen=True, slots=True)
class Module:
    """A source file: its functions by name, and where imported names come from."""

    functions: dict[str, Function]
    imported: dict[str, tuple[str, str]]
    """Name here: the module it is imported from, and its name there."""


def proofs(check: str, root: Path) -> set[Proof]:
    """How the test of a node id can fail; empty if it cannot.

    Raises:
        LookupError: there is no such test.
    """
    path, _, name = check.partition("::")
    module = _read(root / path)
    test = name.partition("[")[0]
    if module is None or test not in module.functions:
        raise LookupError(check)
    return set(_proofs(module.functions[test], module, root, DEPTH))


def is_there(check: str, root: Path) -> bool:
    """Whether the function of a node id is in its file; of which cases it is called with, this says nothing."""
    path, _, name = check.partition("::")
    module = _read(root / path)
    return module is not None and name.partition("[")[0] in module.functions


def _proofs(function: Function, module: Module, root: Path, depth: int) -> Iterator[Proof]:
    nodes = list(_own_nodes(function))
    for node in nodes:
        if isinstance(node, ast.Assert):
            # A constant is true however the product is, and so is a tuple, which brackets make of a test and a message.
            if not isinstance(node.test, ast.Constant | ast.Tuple):
                yield Proof.OWN
        elif _raises(node):
            yield Proof.OTHER
    if depth == 0:
        return
    inner = {node.name: node for node in function.body if isinstance(node, Function)}
    for name in _used_names(nodes):
        found = (inner[name], module) if name in inner else _resolved(name, module, root)
        if found is not None and found[0] is not function and any(_proofs(*found, root, depth - 1)):
            yield Proof.OTHER


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    """What runs when the function is called: not the bodies of functions that are only defined in it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Function):
            waiting += ast.iter_child_nodes(node)


def _raises(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        return any(isinstance(each, ast.Name) and each.id == "AssertionError" for each in ast.walk(node))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        of_pytest = isinstance(node.func.value, ast.Name) and node.func.value.id == "pytest"
        return node.func.attr in (PYTEST_ASSERTIONS if of_pytest else TEMPLATE_ASSERTIONS)
    return False


def _used_names(nodes: list[ast.AST]) -> Iterator[str]:
    """Names of what is called, plain or as `module.function`; a helper handed on by its name counts as called."""
    for node in nodes:
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def _resolved(name: str, module: Module, root: Path) -> tuple[Function, Module] | None:
    """The function of the tests that a name stands for in a module, and its own module."""
    if name in module.functions:
        return module.functions[name], module
    first, _, rest = name.partition(".")
    if first not in module.imported:
        return None
    source, original = module.imported[first]
    place, function = (f"{source}.{original}", rest) if rest else (source, original)
    if not place.startswith("tests."):
        return None
    other = _read(root / f"{place.replace('.', '/')}.py")
    return (other.functions[function], other) if other is not None and function in other.functions else None


@cache
def _read(path: Path) -> Module | None:
    if not path.is_file():
        return None
    functions: dict[str, Function] = {}
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, Function):
            functions[node.name] = node
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported |= {each.asname or each.name: (node.module, each.name) for each in node.names}
    return Module(functions, imported)
