"""The page that shows every delivery of the embedded cloud: e-mail, SMS, webhooks and Telegram messages."""

import datetime as dt
import html
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.deliveries import emails, text_messages
from local.settings import Settings

if TYPE_CHECKING:
    from local.receiver import Delivery

_SHOWN = 200
_BODY_CHARACTERS = 2000
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #ddd; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.4 ui-monospace, monospace; }
.refused { color: #b00020; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } th, td { border-color: #444; } }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One delivery as the page shows it."""

    at: float | None
    """Seconds since the epoch; the SMS store keeps no time."""
    channel: str
    recipient: str
    text: str
    status: int | None = None
    """What a webhook or the Bot API answered."""


def render(settings: Settings, deliveries: Iterable["Delivery"]) -> str:
    """The page as HTML, newest first."""
    mail, sms = emails(settings), text_messages(settings)
    rows = [*_received_rows(deliveries), *map(_mail_row, mail or ()), *map(_sms_row, sms or ())]
    rows.sort(key=lambda row: row.at or 0, reverse=True)
    notes = "<p>The cloud does not answer: e-mail and SMS are missing.</p>" if mail is None or sms is None else ""
    listed = "".join(map(_row, rows[:_SHOWN])) or '<tr><td colspan="4">Nothing has been delivered yet.</td></tr>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="5">
<title>Deliveries</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>Deliveries</h1>
<p>What has left the embedded cloud, newest first. Nothing of it has left this machine.</p>
{notes}
<table>
<tr><th scope="col">Time</th><th scope="col">Channel</th><th scope="col">To</th><th scope="col">Content</th></tr>
{listed}
</table>
</body>
</html>
"""


def _row(row: Row) -> str:
    time = dt.datetime.fromtimestamp(row.at, dt.UTC).astimezone().strftime("%H:%M:%S") if row.at else ""
    refused = row.status is not None and row.status >= 300  # noqa: PLR2004 - HTTP: no success
    answer = f' <span class="refused">answered {row.status}</span>' if refused else ""
    cells = (time, html.escape(row.channel) + answer, html.escape(row.recipient))
    text = html.escape(row.text[:_BODY_CHARACTERS])
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}<td><pre>{text}</pre></td></tr>\n"


def _received_rows(deliveries: Iterable["Delivery"]) -> Iterator[Row]:
    for each in deliveries:
        text = each.body if isinstance(each.body, str) else json.dumps(each.body, indent=2, ensure_ascii=False)
        yield Row(at=each.received_at, channel=each.channel, recipient=each.recipient, text=text, status=each.status)


def _mail_row(message: dict[str, Any]) -> Row:
    text = f"{message['Subject']}\n\n{message['BodyText'] or message['BodyHtml']}"
    return Row(at=message["Timestamp"], channel="email", recipient=", ".join(message["To"]), text=text)


def _sms_row(message: dict[str, Any]) -> Row:
    return Row(at=None, channel="sms", recipient=message["PhoneNumber"], text=message["Message"])
