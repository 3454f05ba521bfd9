"""What a set of rules finds in the templates of an environment."""

from dataclasses import dataclass

AWS_SOLUTIONS = "AwsSolutions"
SERVERLESS = "Serverless"
NIST = "NIST 800-53 r5"
HIPAA = "HIPAA"
PCI = "PCI DSS 3.2.1"
VALIDATION = "validation"
CFN_LINT = "cfn-lint"
CHECKOV = "checkov"
PROMISES = "promises"
SETS = (AWS_SOLUTIONS, SERVERLESS, NIST, HIPAA, PCI, VALIDATION, CFN_LINT, CHECKOV, PROMISES)
"""All sets, in the order in which they are told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One rule that one resource does not keep."""

    set: str
    """One of SETS."""
    rule: str
    """As its set names it; those of cfn-lint and of the validation, which share names, after the name of their set."""
    environment: str
    """Such as `notifications/dev`."""
    place: str
    """Construct path with its stack, such as `Queue/Notifications/Queue`; the stack itself if it is about all of it."""
    type: str
    """CloudFormation's type of the resource; empty if it is about a whole template."""
    why: str
    """What is wrong, in a line."""
    fix: str
    """What to do about it, in a line; empty where the set does not say."""
