"""Tells people what was found."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gates.security.acknowledged import FOLDER
from gates.security.finding import SETS, Finding
from gates.security.verdict import Verdict

_ALL = "all of them"


def as_text(verdict: Verdict, sets: Sequence[str] = SETS) -> str:
    """Return the counts per set and environment, then each unexplained finding, then what is stale."""
    lines = [*_table(verdict, sets), ""]
    for group in _groups(verdict.unexplained):
        lines += _told(group, verdict.environments)
    if verdict.unexplained:
        lines += [
            "Put each right, or acknowledge it with its control and reason in gates/security/acknowledged/;",
            "make security PROPOSE=1 prints the entries to fill in.",
            "",
        ]
    if verdict.stale:
        lines += ["Acknowledged, but found nowhere; delete it:", *(f"  {line}" for line in verdict.stale), ""]
    total = len(verdict.acknowledged) + len(verdict.unexplained)
    looked = f"{len(verdict.environments)} environment{'' if len(verdict.environments) == 1 else 's'}"
    lines.append(
        f"{total} findings in {looked}: {len(verdict.acknowledged)} acknowledged, "
        f"{len(verdict.unexplained)} unexplained; {len(verdict.stale)} stale acknowledgments"
    )
    return "\n".join(lines) + "\n"


def as_entries(verdict: Verdict) -> str:
    """Return an entry for each place with unexplained findings, to be grouped, and given a control and a reason."""
    wanted: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for group in _groups(verdict.unexplained):
        environments = tuple(dict.fromkeys(each.environment for each in group))
        wanted.setdefault((group[0].place, environments), []).append(group[0].rule)
    lines = []
    for (place, environments), rules in wanted.items():
        among = ["*"] if set(environments) == set(verdict.environments) else environments
        lines += ["[[acknowledged]]", f"rules = {_listed(rules)}", f"at = {_listed([place])}", f"in = {_listed(among)}"]
        lines += ['control = ""', 'reason = ""', ""]
    return "\n".join(lines) + f"# {len(lines) // 7} entries for the files of {FOLDER.name}/\n"


def _table(verdict: Verdict, sets: Sequence[str]) -> Iterator[str]:
    kept = Counter((each.environment, each.set) for each in verdict.acknowledged)
    left = Counter((each.environment, each.set) for each in verdict.unexplained)

    def cells(environments: Sequence[str]) -> Iterator[str]:
        for name in sets:
            done = sum(kept[environment, name] for environment in environments)
            open_ = sum(left[environment, name] for environment in environments)
            yield f"{done + open_} / {done} / {open_}"

    rows = [["environment", *sets]]
    rows += [[environment, *cells([environment])] for environment in verdict.environments]
    rows.append(["all", *cells(verdict.environments)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield "findings / acknowledged / unexplained"
    yield ""
    for name, *counts in rows:
        aligned = (count.rjust(width) for count, width in zip(counts, widths[1:], strict=True))
        yield "  ".join([name.ljust(widths[0]), *aligned]).rstrip()


def _groups(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return findings of one rule at one place together, in whichever environments."""
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.set, finding.rule, finding.place), []).append(finding)
    order = {name: number for number, name in enumerate(SETS)}
    return sorted(found.values(), key=lambda group: (order[group[0].set], group[0].rule, group[0].place))


def _told(group: Sequence[Finding], environments: Sequence[str]) -> Iterator[str]:
    first = group[0]
    among = list(dict.fromkeys(each.environment for each in group))
    yield f"{first.rule}  {first.place}{f' ({first.type})' if first.type else ''}"
    yield f"    in:   {_ALL if len(among) == len(environments) > 1 else ', '.join(among)}"
    for why in dict.fromkeys(each.why for each in group):
        yield f"    why:  {why}"
    if first.fix:
        yield f"    fix:  {first.fix}"
    yield ""


def _listed(values: Iterable[str]) -> str:
    # TOML takes a text without escapes in single quotes.
    return "[" + ", ".join(f"'{value}'" if '"' in value or "\\" in value else f'"{value}"' for value in values) + "]"
