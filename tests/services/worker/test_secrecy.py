"""Real traffic through API and worker: what is secret, and what is said to whom, is in no log and in no refusal."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from services.identity import key_store
from tests.support.batches import Source
from tests.support.emulator import REGION, Aws
from tests.support.postgres import HOST, TestDatabase, free_port
from tests.support.programs import Program
from tests.support.receiver import Answer, Receiver
from tests.support.serving import client_of

ROOT = Path(__file__).parents[3]
BODY, SUBJECT, QUERY, KEY, HEADER = (f"mark-{name}-hunter2" for name in ("body", "subject", "query", "key", "header"))
TOKEN = "4242:mark-token-hunter2"
# A terminal and a reader of lines would take these for orders.
INJECTED = '\n{"level":"ERROR","message":"injected"}\r\n\x1b[31mred\x9b31m\u2028\u202e","message":"injected'
HANDLER = """
import json, sys
from tests.support.lambda_context import Context
from workers.notifications.handler import handler
print(json.dumps(handler(json.load(sys.stdin), Context())), file=sys.stderr)
"""


@pytest.fixture
def variables(database: TestDatabase, aws: Aws, source: Source, receiver: Receiver) -> dict[str, str]:
    """What API and worker find in their environments, by secrets as in an account; as talkative as they can be."""
    server = database.server
    aws.ses.verify_email_identity(EmailAddress="no-reply@example.com")
    return {
        "APP_ENV": "test",
        "AUTHENTICATION": json.dumps({"api_keys": True, "tokens": None, "requests_per_minute_per_key": 1000}),
        "AWS_REGION": REGION,
        "DATABASE_HOST": HOST,
        "DATABASE_NAME": database.name,
        "DATABASE_POOL_SIZE": "4",
        "DATABASE_PORT": str(server.port),
        "DATABASE_SECRET_ARN": aws.secret({"username": server.user, "password": server.password}),
        "DATABASE_SSLMODE": "disable",
        "DLQ_URL": source.dead_letter_url,
        "EMAIL_SENDER": "no-reply@example.com",
        "LOG_LEVEL": "DEBUG",
        "MAX_RECEIVE_COUNT": "3",
        "POWERTOOLS_METRICS_NAMESPACE": "test",
        "POWERTOOLS_SERVICE_NAME": "notifications",
        "QUEUE_URL": source.url,
        "TELEGRAM_BASE_URL": receiver.url,
        "TELEGRAM_SECRET_ARN": aws.secret(TOKEN),
        "WEBHOOK_HOSTS_ALLOWED_INSIDE": "localhost",
    }


def accepted(receiver: Receiver) -> list[dict[str, str]]:
    """Notifications of which some are delivered, and others fail in each way there is."""
    for path, status in (("gone", 410), ("busy", 503), ("moved", 302)):
        receiver.answers[f"/{path}?token={QUERY}"] = Answer(status, BODY.encode(), headers={"Location": f"/{BODY}"})
    receiver.answers[f"/echo?token={QUERY}"] = Answer(echoed=True)
    telegram = [Answer(), Answer(401), Answer(400, b"oops"), Answer(500), Answer(echoed=True)]
    receiver.answers[f"/bot{TOKEN}/sendMessage"] = [*telegram]
    hooks = [f"{receiver.url}/{path}?token={QUERY}" for path in ("fine", "gone", "busy", "moved", "echo")]
    hooks += [f"https://localhost:{free_port()}/?token={QUERY}", f"https://localhost./?token={QUERY}"]
    recipients = [
        *(("webhook", hook) for hook in hooks),
        *[("telegram", "42")] * len(telegram),
        ("email", "ada@example.com"),
    ]
    return [
        {"channel": channel, "recipient": recipient, "subject": SUBJECT, "body": f"{BODY} {number}"}
        for number, (channel, recipient) in enumerate(recipients)
    ]


def refused(client: httpx.Client) -> list[httpx.Response]:
    """The answers to requests that are refused, with something secret in each."""
    content = {"channel": "sms", "recipient": QUERY, "subject": SUBJECT, "body": BODY}
    sent = [
        client.post("/notifications", json=content),
        client.post("/notifications", json=content | {"channel": "webhook", "recipient": f"https://a:{QUERY}@b.de"}),
        client.post("/notifications", json=content | {"channel": BODY}),
        client.post("/notifications", json=content | {"body": f"{BODY}\0"}),
        client.post("/notifications", json=content | {"body": BODY * 100_000}),
        client.post("/notifications", json=[BODY]),
        client.post("/notifications", content=f'{{"body": "{BODY}'.encode()),
        client.post("/notifications", content=BODY, headers={"Content-Type": "text/plain"}),
        client.get("/notifications", params={"cursor": QUERY, "status": QUERY, "unknown": QUERY}),
        client.post("/notifications/replay", json={"limit": BODY, "created_after": BODY}),
        client.get(f"/notifications/{uuid4()}", params={"secret": QUERY}),
        client.put("/notifications", json=content),
    ]
    assert {answer.status_code for answer in sent} <= set(range(400, 500))
    return sent


def work_off(source: Source, variables: dict[str, str], count: int) -> str:
    """All that the function prints over a batch, as Lambda calls it."""
    event = {"Records": source.receive(count)}
    passed_on = {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "SSL_"))}
    done = subprocess.run(  # noqa: S603  # the project's own program
        [sys.executable, "-c", HANDLER],
        cwd=ROOT,
        env={**passed_on, **variables},
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_no_log_and_no_refusal_holds_a_secret_or_a_body(
    variables: dict[str, str],
    source: Source,
    database: TestDatabase,
    receiver: Receiver,
    tmp_path: Path,
) -> None:
    contents = accepted(receiver)
    with database.connect() as connection:
        key = key_store.create(connection, "shop")[0].text
    headers = {"Authorization": f"Bearer {key}", "Cookie": HEADER, "X-Secret": HEADER, "Referer": QUERY}
    with (
        Program("api", environment=variables, log=tmp_path / "api.log") as api,
        client_of(api.url, headers=headers) as client,
    ):
        for number, content in enumerate(contents):
            sent = client.post("/notifications", json=content, headers={"Idempotency-Key": f"{KEY}-{number}"})
            assert sent.status_code == 202
        again = client.post("/notifications", json=contents[1], headers={"Idempotency-Key": f"{KEY}-0"})
        answers = [*refused(client), again]
        assert again.status_code == 422
        answers.append(client.get("/notifications", headers={"Authorization": f"Bearer {key}x"}))
        answers.append(client.get("/notifications", headers={"Authorization": f"Bearer eyJ.{HEADER}.x"}))
        assert [answer.status_code for answer in answers[-2:]] == [401, 401]
        forged = f'{{"id": "{uuid4()}", "channel": "sms", "recipient": "+14155550123", "body": "{BODY}"}}'
        source.send(forged, BODY)
        printed = work_off(source, variables, len(contents) + 2)
        views = client.get("/notifications", params={"limit": 50}).json()["items"]
        api.stop()
        printed += api.output
    # Something of all kinds happened, and was told.
    assert {view["status"] for view in views} == {"sent", "queued", "failed"}
    assert {"not delivered", "parked", "request"} <= {line.get("message") for line in lines(printed)}
    secrets = (BODY, SUBJECT, QUERY, KEY, HEADER, TOKEN, database.server.password, key, key[-20:])
    told = [printed, *(answer.text for answer in answers), *(str(view["last_error"]) for view in views)]
    told += source.parked.values()
    for secret in secrets:
        assert [text for text in told if secret in text] == [], secret
    # What went out went out with it: the marks were there to be found.
    assert [request for request in receiver.requests if BODY.encode() in request.body]


def lines(printed: str) -> list[dict[str, Any]]:
    """The log lines: each of them JSON, in ASCII."""
    assert printed.isascii()
    return [json.loads(line) for line in printed.splitlines()]


@pytest.mark.parametrize("path", [f"/notifications/{quote(INJECTED)}", "/%0a%1b%9b", "/health%0a"])
def test_nothing_in_a_request_becomes_a_log_line_of_its_own(
    variables: dict[str, str], tmp_path: Path, path: str
) -> None:
    with (
        Program("api", environment=variables, log=tmp_path / "api.log") as api,
        client_of(api.url) as client,
    ):
        sent = [
            client.get(path),
            client.request("BREW", path),
            client.post("/notifications", json={INJECTED: INJECTED}, headers={"User-Agent": "\x1b[31mred"}),
        ]
        assert {answer.status_code for answer in sent} <= set(range(400, 500))
        api.stop()
        written = lines(api.output)
    assert "injected" not in {line.get("message") for line in written}
    assert {line["message"] for line in written if line.get("status", 0)} == {"request"}
    assert "\x1b" not in api.output
