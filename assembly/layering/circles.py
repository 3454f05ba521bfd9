"""What the CDK says of stacks that wait for each other."""

import re

from assembly.layering.check import Finding

# 'A' depends on 'B' (A -> B/Thing.Ref). Adding this dependency (B -> A/Other.Arn) would create a cyclic reference.
_MESSAGE = re.compile(
    r"'(?P<first>[^']+)' depends on '(?P<second>[^']+)' \((?P<because>.*?)\)\. "
    r"Adding this dependency \((?P<added>.*)\) would create a cyclic reference",
    re.DOTALL,
)


class CircleError(Exception):
    """Stacks that wait for each other; `str()` of it says what makes it so, and what to write instead."""

    def __init__(self, message: str, findings: list[Finding]) -> None:
        self.message = message
        self.findings = tuple(findings)
        super().__init__(message, self.findings)

    def __str__(self) -> str:
        """Give the circle, and below it each reference that is against the order."""
        told = _MESSAGE.search(self.message)
        first, second, ways = ("stacks", "", self.message)
        if told is not None:
            first, second = (told[name] for name in ("first", "second"))
            ways = f"{told['because']}, and {told['added']}"
        title = f"{first} and {second} wait for each other, so neither can be deployed first: {ways}"
        advice = [str(finding) for finding in self.findings] or [
            f"take one of the two out: an add_dependency between {first} and {second}, or between constructs in them"
        ]
        return "\n".join([title, *(f"  {line}" for each in advice for line in each.splitlines())])


def is_circle(error: BaseException) -> bool:
    """Tell whether an error of a synthesis is that stacks wait for each other."""
    return _MESSAGE.search(str(error)) is not None
