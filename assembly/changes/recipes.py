"""What to type instead of a change that loses data."""

from collections.abc import Iterator

from assembly.changes.model import Cause, Change, Fate, Kind


def recipe(change: Change) -> list[str]:
    """What to do instead, best first, and at the end what to do if the change is meant."""
    return [*_instead(change), *_meant(change)]


def _instead(change: Change) -> Iterator[str]:
    keep = f'cfn_resource.override_logical_id("{change.logical_id}")'
    match change.cause:
        case Cause.RENAMED:
            yield f"call the construct as before; or keep the logical id, on the L1 (node.default_child): {keep}"
            yield (
                f"or, before anything else changes, let CloudFormation rename it: cdk refactor {change.stack_id} "
                "--unstable=refactor --dry-run shows what it would do"
            )
        case Cause.MOVED:
            yield f"leave it in {change.stack_id}, and hand it on by props"
            yield (
                "or, before anything else changes, let CloudFormation move it, into a stack that is deployed already: "
                f"cdk refactor --unstable=refactor --additional-stack-name={change.stack} --dry-run shows how"
            )
        case Cause.TYPE:
            yield f"leave {change.logical_id} as it is, and give the new resource a construct id of its own"
        case Cause.PROPERTY if change.kind is Kind.MAY_REPLACE:
            yield f"see what CloudFormation says: cdk diff {change.stack_id} --method=change-set"
            yield "put the property back, if it says that it replaces"
        case Cause.PROPERTY:
            yield "put the property back; with what it refers to, if that is what is replaced"
        case Cause.STACK_REMOVED:
            yield f"put {change.stack_id} back; to take it down on purpose, cdk destroy it while the app still has it"
        case _:
            yield "put it back"


def _meant(change: Change) -> Iterator[str]:
    if change.holding is not None:
        yield f"to take along {change.holding.what}: {change.holding.move}"
    if change.fate is Fate.KEPT and change.cause is not Cause.STACK_REMOVED:
        yield (
            "the old one stays and costs on; a stack takes it in again with cdk import, from a template that declares"
            " it with its DeletionPolicy"
        )
    elif change.fate is Fate.DELETED and change.cause in {Cause.REMOVED, Cause.RENAMED, Cause.MOVED}:
        yield "to have it stay at least: deploy it once with RemovalPolicy.RETAIN, before the change"
