"""What counts as an assertion."""

from pathlib import Path

import pytest

from tests.conformance.evidence import Proof, is_there, proofs

HELPERS = """
from tests.deeper import strict

def checked(value):
    assert value

def handed_down(value):
    strict(value)

def plain(value):
    return value
"""
DEEPER = """
def strict(value):
    if not value:
        raise AssertionError(value)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "helpers.py").write_text(HELPERS)
    (tmp_path / "tests" / "deeper.py").write_text(DEEPER)
    return tmp_path


def found(root: Path, body: str, *, before: str = "") -> set[Proof]:
    """How a test of that body can fail; each call writes a file of its own."""
    name = f"test_{len(list((root / 'tests').iterdir()))}.py"
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    (root / "tests" / name).write_text(f"{before}\ndef test_it(value=1):\n{lines}\n")
    return proofs(f"tests/{name}::test_it[one]", root)


@pytest.mark.parametrize(
    "body",
    [
        "value()",
        "pass",
        "print(value == 1)",
        "assert True",
        "assert 'it holds'",
        "assert (value, 'a message in brackets')",
        "def inner():\n    assert value\nvalue()",
        "raise ValueError(value)",
        "value.raises(ValueError)",
        "helpers.plain(value)",
        "plain(value)",
        "unknown(value)",
        "helpers.missing(value)",
    ],
)
def test_what_cannot_fail_is_found(root: Path, body: str) -> None:
    before = "from tests import helpers\nfrom tests.helpers import plain\nimport unknown"
    assert found(root, body, before=before) == set()


@pytest.mark.parametrize(
    ("body", "proof"),
    [
        ("assert value", Proof.OWN),
        ("for each in value:\n    assert each", Proof.OWN),
        ("assert value == snapshot", Proof.OWN),
        ("with pytest.raises(ValueError):\n    value()", Proof.OTHER),
        ("pytest.fail('told')", Proof.OTHER),
        ("value.has_resource_properties('AWS::SQS::Queue', {})", Proof.OTHER),
        ("own(value)", Proof.OTHER),
        ("helpers.checked(value)", Proof.OTHER),
        ("renamed(value)", Proof.OTHER),
        ("handed_down(value)", Proof.OTHER),
        ("value(own)", Proof.OTHER),
        ("def inner():\n    assert value\ninner()", Proof.OTHER),
    ],
)
def test_what_can_fail_is_left_alone(root: Path, body: str, proof: Proof) -> None:
    before = (
        "import pytest\nfrom tests import helpers\nfrom tests.helpers import checked as renamed, handed_down\n"
        "def own(value):\n    assert value\n"
    )
    assert found(root, body, before=before) == {proof}


def test_helpers_that_call_each_other_are_looked_at_once(root: Path) -> None:
    before = "def one(value):\n    other(value)\ndef other(value):\n    one(value)\n"
    assert found(root, "one(value)", before=before) == set()


def test_a_test_that_is_not_there_is_told(root: Path) -> None:
    assert not is_there("tests/helpers.py::test_it", root)
    assert not is_there("tests/nowhere.py::test_it", root)
    with pytest.raises(LookupError, match="helpers"):
        proofs("tests/helpers.py::test_it", root)
