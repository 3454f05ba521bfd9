"""Which findings are acknowledged, which are not, and which acknowledgments nothing needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gates.security.acknowledged import Acknowledgment, is_at, is_in
from gates.security.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be said of all findings."""

    environments: tuple[str, ...]
    """Those that were looked at."""
    acknowledged: tuple[Finding, ...]
    unexplained: tuple[Finding, ...]
    stale: tuple[str, ...]
    """What of the acknowledgments matches nothing, a line each."""

    @property
    def is_fine(self) -> bool:
        """Tell whether nothing is left to do."""
        return not self.unexplained and not self.stale


def judge(
    findings: Sequence[Finding], acknowledgments: Sequence[Acknowledgment], environments: Sequence[str], *, whole: bool
) -> Verdict:
    """Hold findings against what is acknowledged; the first acknowledgment that covers a finding is the one it has.

    Args:
        findings: of all sets.
        acknowledgments: in the order of their files.
        environments: those that were looked at.
        whole: whether these are all environments and all sets; only then can an acknowledgment be called stale.
    """
    covered: dict[int, list[Finding]] = {}
    unexplained = []
    for finding in findings:
        for number, each in enumerate(acknowledgments):
            if each.covers(finding.rule, finding.place, finding.environment):
                covered.setdefault(number, []).append(finding)
                break
        else:
            unexplained.append(finding)
    stale = [
        line
        for number, each in enumerate(acknowledgments)
        for line in (_stale(each, covered.get(number, [])) if whole else ())
    ]
    return Verdict(
        environments=tuple(environments),
        acknowledged=tuple(finding for some in covered.values() for finding in some),
        unexplained=tuple(unexplained),
        stale=tuple(stale),
    )


def _stale(acknowledgment: Acknowledgment, covered: Sequence[Finding]) -> Iterator[str]:
    """Yield each rule at a place, and each name of environments, that no finding needs."""
    for rule in acknowledgment.rules:
        for pattern in acknowledgment.at:
            if not any(finding.rule == rule and is_at(finding.place, pattern) for finding in covered):
                yield f"{rule} at {pattern}"
    for pattern in acknowledgment.environments:
        if not any(is_in(finding.environment, pattern) for finding in covered):
            yield f"{', '.join(acknowledgment.rules)}: in {pattern}"
