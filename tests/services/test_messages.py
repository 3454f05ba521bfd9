"""What a notification may be, on every way it comes in."""

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.messages import MAX_BODY_BYTES, Channel, Content, MalformedMessageError, Message, field_errors

ID = UUID("7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11")
EMAIL: dict[str, Any] = {"channel": "email", "recipient": "ada@example.com", "subject": "Hello", "body": "World"}
SMS: dict[str, Any] = {"channel": "sms", "recipient": "+14155550123", "body": "World"}
WEBHOOK: dict[str, Any] = {"channel": "webhook", "recipient": "https://example.com/hooks/42", "body": "World"}
TELEGRAM: dict[str, Any] = {"channel": "telegram", "recipient": "-1001234567890", "body": "World"}


def faults(content: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        Content.model_validate(content)
    return {fault.field: fault.message for fault in field_errors(refused.value)}


@pytest.mark.parametrize(
    ("channel", "recipient"),
    [
        ("email", "ada@example.com"),
        ("email", "ada.lovelace+notes@mail.example.co.uk"),
        ("sms", "+14155550123"),
        ("sms", "+4915112345678"),
        ("webhook", "https://example.com"),
        ("webhook", "https://hooks.example.com:8443/hooks/42?token=1"),
        ("telegram", "42"),
        ("telegram", "-1001234567890"),
        ("telegram", "@example_channel"),
    ],
)
def test_recipients_that_fit_their_channel(channel: str, recipient: str) -> None:
    content = Content.model_validate({"channel": channel, "recipient": recipient, "body": "World"})
    assert content.recipient == recipient


@pytest.mark.parametrize(
    ("channel", "recipient"),
    [
        ("email", ""),
        ("email", "ada"),
        ("email", "ada@"),
        ("email", "ada@example"),
        ("email", "Ada <ada@example.com>"),
        ("email", "ada@example.com, bob@example.com"),
        ("email", "ada@example.com\nBcc: bob@example.com"),
        ("email", "ädä@example.com"),
        ("email", f"{'a' * 300}@example.com"),
        ("sms", "14155550123"),
        ("sms", "+04155550123"),
        ("sms", "+1 415 555 0123"),
        ("sms", "+1415555012345678"),
        ("sms", "+123456"),
        ("sms", "+١٢٣٤٥٦٧٨"),
        ("sms", "+14155550123\n"),
        ("webhook", "http://example.com"),
        ("webhook", "ftp://example.com"),
        ("webhook", "https://"),
        ("webhook", "https:///path"),
        ("webhook", "https://example.com:99999"),
        ("webhook", "https://example.com:0"),
        ("webhook", "https://user:password@example.com"),
        ("webhook", "https://example.com/#part"),
        ("webhook", "https://example.com/a b"),
        ("webhook", "https://example.com/\r\nHost: other"),
        ("webhook", "https://[::1"),
        ("webhook", "https://example.com/" + "a" * 2048),
        ("telegram", "0"),
        ("telegram", "-"),
        ("telegram", "@abc"),
        ("telegram", "@1example"),
        ("telegram", "example_channel"),
        ("telegram", "99999999999999999999"),
        ("email", "+14155550123"),
        ("sms", "ada@example.com"),
    ],
)
def test_recipients_that_do_not_fit_their_channel(channel: str, recipient: str) -> None:
    assert list(faults({"channel": channel, "recipient": recipient, "body": "World"})) == ["recipient"]


@pytest.mark.parametrize(
    ("channel", "recipient", "complaint"),
    [
        ("email", f"{'a' * 309}@example.com", "at most 320 characters"),
        ("email", "\u0301" * 500_000 + "@example.com", "at most 2048 characters"),
        ("sms", "+" + "1" * 2048, "at most 2048 characters"),
        ("webhook", "https://example.com/" + "a" * 2048, "at most 2048 characters"),
        ("telegram", "@" + "a" * 2048, "at most 2048 characters"),
    ],
)
def test_what_is_too_long_is_not_looked_at_any_further(
    monkeypatch: pytest.MonkeyPatch, channel: str, recipient: str, complaint: str
) -> None:
    monkeypatch.delattr("services.recipients.validate_email")
    told = faults({"channel": channel, "recipient": recipient, "body": "World"})
    assert list(told) == ["recipient"]
    assert complaint in told["recipient"]


@pytest.mark.parametrize(
    "recipient",
    [
        "ada@hunter2\u2603.example.com",
        "ada@hunter2\u0660\u06f0.example.com",
        "ada@[hunter2]",
        '"ada"hunter2@example.com',
        'ada "x" <hunter2@example.com>',
    ],
)
def test_what_is_told_of_an_e_mail_address_repeats_nothing_of_it(recipient: str) -> None:
    told = faults({"channel": "email", "recipient": recipient, "body": "World"})["recipient"]
    assert told.startswith("must be an e-mail address such as ada@example.com: ")
    assert [part for part in ("hunter2", "'h'") if part in told] == []


def test_of_many_faults_some_are_told_and_the_rest_is_counted() -> None:
    told = faults(SMS | {f"{number:05}": 1 for number in range(10_000)} | {"x" * 100_000: 1})
    assert list(told) == [f"{number:05}" for number in range(20)] + ["message"]
    assert told["message"] == "further faults: 9981"
    (long,) = faults(SMS | {"x" * 100_000: 1})
    assert len(long) == 100


def test_an_address_in_another_script_is_sent_to_its_ascii_form() -> None:
    content = Content.model_validate({**EMAIL, "recipient": "ada@exämple.com"})
    assert content.recipient == "ada@xn--exmple-cua.com"


@pytest.mark.parametrize("channel", ["", "fax", "EMAIL", None, 1, ["email"]])
def test_an_unknown_channel_is_the_only_complaint(channel: object) -> None:
    assert list(faults({"channel": channel, "recipient": "anything", "body": "World"})) == ["channel"]


def test_subject_and_body_are_one_text_for_channels_that_know_no_subject() -> None:
    assert Content.model_validate({**SMS, "subject": "Hello", "body": "World"}).text == "Hello\nWorld"
    assert Content.model_validate({**SMS, "subject": None, "body": "World"}).text == "World"


@pytest.mark.parametrize(("content", "most"), [(SMS, 1600), (TELEGRAM, 4096)], ids=["sms", "telegram"])
def test_the_subject_counts_where_it_is_part_of_the_text(content: dict[str, Any], most: int) -> None:
    assert Content.model_validate({**content, "subject": "Hello", "body": "é" * (most - 6)})
    assert "with the subject" in faults({**content, "subject": "Hello", "body": "é" * (most - 5)})["body"]


@pytest.mark.parametrize("subject", ["", "a" * 257, "one\ntwo", "one\r", "one\ttwo", "\0", 1])
def test_subjects_that_are_refused(subject: object) -> None:
    assert list(faults({**EMAIL, "subject": subject})) == ["subject"]


@pytest.mark.parametrize("character", ["\0", "\x01", "\x08", "\x0b", "\x0c", "\x1f", "\ufffe", "\uffff", "\udc00"])
def test_characters_that_queue_or_database_refuse(character: str) -> None:
    assert list(faults({**EMAIL, "body": f"a{character}b"})) == ["body"]


@pytest.mark.parametrize(
    "character", ["\t", "\n", "\r", "\x7f", "\x85", "\ud7ff", "\ue000", "\ufffd", "\U00010000", "\U0010ffff"]
)
def test_characters_at_the_edge_of_what_is_allowed(character: str) -> None:
    assert Content.model_validate({**EMAIL, "body": f"a{character}b"}).body == f"a{character}b"


@pytest.mark.parametrize("body", ["", " ", "\n\t ", None, 1, {"text": "World"}])
def test_bodies_that_say_nothing(body: object) -> None:
    told = faults({**EMAIL, "body": body})
    assert list(told) == ["body"]
    assert told["body"] == ("must not be blank" if isinstance(body, str) else "Input should be a valid string")


def test_bodies_are_bounded_by_their_bytes() -> None:
    assert Content.model_validate({**EMAIL, "body": "é" * (MAX_BODY_BYTES // 2)})
    assert "262146 bytes" in faults({**EMAIL, "body": "é" * (MAX_BODY_BYTES // 2 + 1)})["body"]


@pytest.mark.parametrize(("content", "most"), [(SMS, 1600), (TELEGRAM, 4096)], ids=["sms", "telegram"])
def test_bodies_are_bounded_by_what_the_channel_takes(content: dict[str, Any], most: int) -> None:
    assert Content.model_validate({**content, "body": "é" * most})
    assert f"at most {most}" in faults({**content, "body": "é" * (most + 1)})["body"]


def test_unknown_fields_are_refused_by_name() -> None:
    assert list(faults({**EMAIL, "recipent": "typo"})) == ["recipent"]


def test_missing_fields_are_named() -> None:
    assert list(faults({})) == ["channel", "recipient", "body"]


def test_no_complaint_repeats_the_content() -> None:
    secret = "hunter2"
    complaints = faults(
        {"channel": "webhook", "recipient": f"https://{secret}@", "subject": f"{secret}\n", "body": f"{secret}\0"}
    )
    assert list(complaints) == ["recipient", "subject", "body"]
    assert secret not in "".join(complaints.values())


@pytest.mark.parametrize("content", [EMAIL, SMS, WEBHOOK, TELEGRAM], ids=[channel.value for channel in Channel])
def test_a_message_survives_the_queue(content: dict[str, Any]) -> None:
    message = Message(id=ID, **content)
    assert Message.from_json(message.to_json()) == message


def test_a_message_at_every_limit_fits_into_the_queue_and_holds_no_refused_character() -> None:
    message = Message(id=ID, **{**EMAIL, "subject": '"' * 256, "body": '"' * MAX_BODY_BYTES})
    text = message.to_json()
    assert len(text.encode()) < 1024 * 1024
    awkward = Message(id=ID, **{**EMAIL, "body": "\t\r\n\x7f\x85\ufffd\U0010ffff"}).to_json()
    assert all(character.isprintable() or ord(character) > 0x7E for character in awkward)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "NaN",
        "[" * 10_000,
        json.dumps(EMAIL),
        json.dumps({**EMAIL, "id": "7"}),
        json.dumps({**EMAIL, "id": None}),
        json.dumps({**EMAIL, "id": str(ID), "extra": 1}),
        json.dumps({**EMAIL, "id": str(ID), "body": "\0"}),
        json.dumps({**EMAIL, "id": str(ID), "body": "\ud800"}),
        json.dumps({**EMAIL, "id": str(ID), "channel": "fax"}),
    ],
)
def test_malformed_messages_are_told_apart_with_a_reason(text: str) -> None:
    with pytest.raises(MalformedMessageError) as refused:
        Message.from_json(text)
    assert str(refused.value)
    assert "World" not in str(refused.value)
