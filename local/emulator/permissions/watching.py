"""Takes note of each decision about a role, without another evaluation: by looking over MiniStack's shoulder."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

from local.authorizations import ALLOWED, DENIED, Decision, Statement
from local.emulator.permissions.record import Record

Policies = list[list[iam_evaluator.ParsedStatement]]


@dataclass(slots=True)
class Watch:
    """One question that is being answered."""

    asked: iam_evaluator.EvalContext | None = None
    """None as long as no role's policies have been looked at."""
    allowing: tuple[Statement, ...] = ()


class NamedStatement(iam_evaluator.ParsedStatement):  # type: ignore[misc]  # MiniStack has no types
    """A statement that knows where it stands."""

    place: Statement


_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


def install(record: Record) -> None:
    """Put the notes in place; MiniStack looks these functions up at every request."""
    iam_evaluator._gather_role_policies = role_policies
    iam_evaluator.evaluate = _noting_what_allows(iam_evaluator.evaluate)
    iam_evaluator.enforce = _noting_the_decision(iam_evaluator.enforce, record)


def role_policies(role_name: str, account: str) -> Policies:
    """The statements of a role's policies, as MiniStack gathers them, each with its place."""
    role = iam._roles.get_scoped(account, None, role_name) or {}
    documents = dict(role.get("InlinePolicies") or {})
    for arn in role.get("AttachedPolicies", []):
        documents[arn] = iam_evaluator._resolve_managed_policy_document(arn, account)
    return [found for policy, document in documents.items() if document and (found := _statements(policy, document))]


@contextmanager
def watched() -> Iterator[Watch]:
    """Take note of which statements allow what is evaluated meanwhile."""
    watch = Watch()
    token = _watch.set(watch)
    try:
        yield watch
    finally:
        _watch.reset(token)


def note(record: Record, watch: Watch, *, allowed: bool) -> None:
    """Put a role's answered question on record; those of others, and of nobody, are of no interest."""
    asked = watch.asked
    if asked is None or asked.principal_type != "AssumedRole":
        return
    record.add(
        Decision(
            role=iam_evaluator._role_name_from_assumed_arn(asked.principal_arn),
            action=asked.action,
            resource=asked.resource_arn,
            outcome=ALLOWED if allowed else DENIED,
            statements=watch.allowing if allowed else (),
        )
    )


def _statements(policy: str, document: Any) -> list[iam_evaluator.ParsedStatement]:
    return _parsed(policy, document) if isinstance(document, str) else _named(policy, document)


@functools.lru_cache(maxsize=1024)
def _parsed(policy: str, document: str) -> list[iam_evaluator.ParsedStatement]:
    return _named(policy, document)


def _named(policy: str, document: Any) -> list[iam_evaluator.ParsedStatement]:
    parsed: list[iam_evaluator.ParsedStatement] = []
    for index, statement in enumerate(iam_evaluator.parse_policy_document(document)):
        named = NamedStatement(**vars(statement))
        named.place = Statement(policy, index)
        parsed.append(named)
    return parsed


def _noting_what_allows(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate_and_note(asked: iam_evaluator.EvalContext, policies: Policies, *limits: Policies) -> Any:
        watch = _watch.get()
        # Of one question, the caller's own policies are looked at first, the resource's after them.
        if watch is not None and watch.asked is None:
            watch.asked = asked
            watch.allowing = tuple(
                statement.place
                for statements in policies
                for statement in statements
                if isinstance(statement, NamedStatement) and iam_evaluator._first_match(asked, [statement], "Allow")
            )
        return evaluate(asked, policies, *limits)

    return evaluate_and_note


def _noting_the_decision(enforce: Callable[..., Any], record: Record) -> Callable[..., Any]:
    def enforce_and_note(*arguments: Any, **named: Any) -> Any:
        with watched() as watch:
            denied = enforce(*arguments, **named)
        note(record, watch, allowed=denied is None)
        return denied

    return enforce_and_note
