"""docs/tour.md, made from the mistakes and what came of them."""

import difflib
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from constructs_lib.project import PROJECT_ROOT
from tests.tour.catalogue import Edit, Mistake
from tests.tour.replay import Outcome
from tests.tour.workshop import TODAY, edited, edits_by_path

DOCUMENT = PROJECT_ROOT / "docs" / "tour.md"
_CONTEXT_LINES = 2
_WIDTH = 120
_NUMBERS = re.compile(r"^@@ .*@@$")
_HEAD = """\
# A tour of mistakes

Each of these edits looks reasonable to whoever makes it, and each is stopped before anything is deployed. With it stand
the command that stops it and what that really says; only durations, line numbers and paths of the machine are left out.
Every command ends with an exit code above 0, so that scripts and CI stop as well.

```console
$ make tour                       # makes each mistake in a copy of the repository, and sees it caught
$ make tour ROWS="{first} {last}"
$ make tour WRITE=1               # writes this page anew
```

The tests replay it, too, as on {today}. Another mistake is another file in `tests/tour/mistakes/`.

| mistake | what catches it | with |
|---|---|---|
"""


def contents(mistakes: Sequence[Mistake]) -> str:
    """The page up to the first section: what it is, and what catches which mistake."""
    rows = [
        f"| [{each.title}](#{_anchor(each.title)}) | {each.caught_by} | `{_short(each.command)}` |\n"
        for each in mistakes
    ]
    return _HEAD.format(first=mistakes[0].name, last=mistakes[-1].name, today=TODAY) + "".join(rows)


def section(outcome: Outcome, root: Path = PROJECT_ROOT) -> str:
    """The section of a mistake, with what its command said."""
    mistake = outcome.mistake
    blocks = [
        f"## {mistake.title}",
        _filled(mistake.why),
        *(_fenced("diff", _difference(path, edits, root)) for path, edits in edits_by_path(mistake).items()),
        _fenced("console", f"$ {mistake.command}\n{outcome.output}"),
        _filled(f"**Put right:** {mistake.remedy}"),
    ]
    return "\n" + "\n\n".join(blocks) + "\n"


def sections_in(text: str) -> Mapping[str, str]:
    """The sections of a page by their titles."""
    parts = re.split(r"^(?=\n## )", text, flags=re.MULTILINE)
    return {part.split("\n")[1].removeprefix("## "): part for part in parts if part.startswith("\n## ")}


def staleness(text: str, mistakes: Sequence[Mistake], outcomes: Sequence[Outcome]) -> list[str]:
    """How a page differs from what has just come out; lines of a diff, none where it does not."""
    found = list(_differing("contents", text.partition("\n\n## ")[0] + "\n", contents(mistakes)))
    for outcome in outcomes:
        found += differences(text, outcome)
    there, titles = list(sections_in(text)), [each.title for each in mistakes]
    if not found and there != titles:
        found.append(f"sections: {', '.join(there)}; expected: {', '.join(titles)}")
    return found


def differences(text: str, outcome: Outcome) -> list[str]:
    """How a page tells of a mistake otherwise than it came out; lines of a diff, none where it does not."""
    title = outcome.mistake.title
    return list(_differing(title, sections_in(text).get(title, ""), section(outcome)))


def written(text: str, mistakes: Sequence[Mistake], outcomes: Sequence[Outcome]) -> str:
    """The page with the sections of these outcomes, and those of the others as they were.

    Raises:
        KeyError: another mistake has no section; its title.
    """
    made = dict(sections_in(text)) | {each.mistake.title: section(each) for each in outcomes}
    return contents(mistakes) + "".join(made[each.title] for each in mistakes)


def _differing(title: str, was: str, now: str) -> Iterator[str]:
    lines = list(difflib.unified_diff(was.splitlines(), now.splitlines(), lineterm="", n=0))[2:]
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines if not _NUMBERS.match(line))


def _difference(path: str, edits: Sequence[Edit], root: Path) -> str:
    former = "" if edits[0].old is None else (root / path).read_text(encoding="utf-8")
    lines = list(
        difflib.unified_diff(
            former.splitlines(), edited(root, path, edits).splitlines(), lineterm="", n=_CONTEXT_LINES if former else 0
        )
    )
    # Numbers of lines would change with whatever is written above.
    return "\n".join([f"--- {path}", f"+++ {path}", *(_NUMBERS.sub("@@ … @@", line) for line in lines[2:])])


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _short(command: str) -> str:
    """What a command is known by: the test it runs, or its first two words."""
    test = re.search(r"::(\w+)", command)
    return test[1] if test else " ".join(command.split()[:2])


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
