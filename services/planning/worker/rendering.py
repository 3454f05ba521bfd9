"""The worker's work: make of template and values the text that is delivered, or say why there is none."""

from collections.abc import Mapping

from pydantic import ValidationError

from services.messages import MAX_BODY_BYTES, Message, field_errors
from services.planning import template
from services.planning.store.rendering import Draft, Rendered
from services.planning.store.schedules import Status
from services.planning.template import TemplateError, Value
from services.text import excerpt

_MAX_REASON_CHARACTERS = 500


def render(draft: Draft) -> Rendered:
    """The notification with its text, as the channel takes it."""
    values: Mapping[str, Value] = {**draft.placeholder_values, **template.own_values(draft.number, draft.planned_for)}
    texts: dict[str, str | None] = {"subject": draft.subject, "body": draft.body}
    for name, text in texts.items():
        try:
            texts[name] = None if text is None else template.render(text, values, max_bytes=MAX_BODY_BYTES)
        except TemplateError as error:
            return _failed(draft, f"the {name} {error}")
    try:
        message = Message.model_validate(
            {"id": draft.id, "channel": draft.channel, "recipient": draft.recipient, **texts}
        )
    except ValidationError as error:
        faults = "; ".join(f"{fault.field}: {fault.message}" for fault in field_errors(error))
        return _failed(draft, f"rendered, it cannot be delivered: {faults}")
    return Rendered(id=draft.id, attempt=draft.attempt, status=Status.READY, subject=message.subject, body=message.body)


def _failed(draft: Draft, reason: str) -> Rendered:
    return Rendered(
        id=draft.id,
        attempt=draft.attempt,
        status=Status.FAILED,
        last_error=excerpt(reason, _MAX_REASON_CHARACTERS),
    )
