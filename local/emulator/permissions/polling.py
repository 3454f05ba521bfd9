"""A function's event source reads the queue in the name of the function's role.

Lambda receives, deletes and asks for the queue's attributes; without one of the permissions it takes nothing, or what
it took comes back. Source: the Lambda developer guide on Amazon SQS, "Execution role permissions".
"""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from ministack.services import lambda_svc, sqs

from local.emulator.permissions.asking import Asking

_TO_RECEIVE = ("sqs:ReceiveMessage", "sqs:GetQueueAttributes")
_batch: ContextVar[tuple[str, str, str] | None] = ContextVar("batch", default=None)


def install(asking: Asking) -> None:
    """Let the poller ask; MiniStack looks these functions up at every pass."""
    lambda_svc._iter_all_esms = _those_that_may_receive(lambda_svc._iter_all_esms, asking)
    lambda_svc._run_sqs_batch = _in_the_name_of_its_function(lambda_svc._run_sqs_batch)
    sqs._delete_messages_for_esm = _if_it_may_delete(sqs._delete_messages_for_esm, asking)


def _those_that_may_receive(
    every: Callable[[], Iterator[tuple[str, str, dict[str, Any]]]], asking: Asking
) -> Callable[[], Iterator[tuple[str, str, dict[str, Any]]]]:
    def those() -> Iterator[tuple[str, str, dict[str, Any]]]:
        for account, region, source in every():
            queue = str(source.get("EventSourceArn"))
            if queue.startswith("arn:aws:sqs:") and source.get("Enabled", True):
                name, role = _function(account, region, source)
                refused = [each for each in _TO_RECEIVE if not asking.allows(role, each, queue, session=name)]
                if refused:
                    source["LastProcessingResult"] = f"PROBLEM: the function's role lacks {' and '.join(refused)}"
                    continue
            yield account, region, source

    return those


def _in_the_name_of_its_function(run: Callable[..., None]) -> Callable[..., None]:
    def run_batch(source: dict[str, Any], function: dict[str, Any], *others: Any) -> None:
        config = function.get("config") or {}
        token = _batch.set((str(config.get("Role")), str(source.get("EventSourceArn")), str(config["FunctionName"])))
        try:
            run(source, function, *others)
        finally:
            _batch.reset(token)

    return run_batch


def _if_it_may_delete(delete: Callable[[str, set[str]], None], asking: Asking) -> Callable[[str, set[str]], None]:
    def delete_if_allowed(queue_url: str, receipt_handles: set[str]) -> None:
        batch = _batch.get()
        if batch is None or asking.allows(batch[0], "sqs:DeleteMessage", batch[1], session=batch[2]):
            delete(queue_url, receipt_handles)

    return delete_if_allowed


def _function(account: str, region: str, source: dict[str, Any]) -> tuple[str, str]:
    name = str(source.get("FunctionName"))
    found = lambda_svc._functions.get_scoped(account, region, name) or {}
    return name, str((found.get("config") or {}).get("Role") or "")
