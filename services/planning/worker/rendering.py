"""The worker's work: make of template and values the text that is delivered, or say why there is none."""

from collections.abc import Mapping

from pydantic import ValidationError

from services.messages import Message, field_errors
from services.planning import template
from services.planning.store.rendering import Draft, Rendered
from services.planning.store.schedules import Status
from services.planning.template import TemplateError, Value


def render(draft: Draft) -> Rendered:
    """The notification with its text, as the channel takes it."""
    values: Mapping[str, Value] = {
        **draft.placeholder_values,
        "number": draft.number,
        "planned_for": draft.planned_for.isoformat(timespec="seconds"),
    }
    texts: dict[str, str | None] = {"subject": draft.subject, "body": draft.body}
    for name, text in texts.items():
        try:
            texts[name] = None if text is None else template.render(text, values)
        except TemplateError as error:
            return Rendered(id=draft.id, status=Status.FAILED, last_error=f"the {name} {error}")
    try:
        message = Message.model_validate(
            {"id": draft.id, "channel": draft.channel, "recipient": draft.recipient, **texts}
        )
    except ValidationError as error:
        faults = "; ".join(f"{fault.field}: {fault.message}" for fault in field_errors(error))
        return Rendered(id=draft.id, status=Status.FAILED, last_error=f"rendered, it cannot be delivered: {faults}")
    return Rendered(id=draft.id, status=Status.READY, subject=message.subject, body=message.body)
