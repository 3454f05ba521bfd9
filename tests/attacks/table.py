"""What is tried, and has to be refused: each attack with the tests that try it."""

from dataclasses import dataclass
from enum import Enum

_CHANNELS = "tests/services/channels/test_targets.py"
_HOSTILE = tuple(
    f"tests/services/{package}test_hostile.py" for package in ("", "planning/", "tickets/", "web/", "shop/")
)
_FORGED = "tests/services/worker/test_forged.py"
_IDENTITY = "tests/services/identity"
_ON_THE_CLOUD = "tests/e2e/notifications/test_refused.py"
_PROTOCOL = "tests/services/serving/test_protocol.py"
_SECRECY = "tests/services/worker/test_secrecy.py"

_NO_JSON = tuple(f"{path}::test_what_is_no_json_is_refused" for path in _HOSTILE)
_CONNECTED = f"{_CHANNELS}::test_no_form_of_an_address_inside_is_connected_to"
_TAKEN_IN = f"{_CHANNELS}::test_the_obvious_is_refused_before_it_is_taken_in"
_TOKEN = f"{_IDENTITY}/test_tokens.py::test_a_token_that_is_refused"


class Tried(Enum):
    """An attack, in a few words."""

    SQL = "SQL in every field"
    OVERSIZED = "oversized JSON"
    NESTED = "deeply nested JSON"
    NOT_UTF8 = "non-UTF-8 JSON"
    NUL = "NUL"
    SURROGATES = "lone surrogates"
    NAN = "NaN"
    PATH = "path injection"
    HEADER = "header injection"
    LOG = "log injection"
    SLOW = "slow clients"
    LOOPBACK = "SSRF by 127.0.0.1"
    METADATA = "SSRF by 169.254.169.254"
    DECIMAL = "SSRF by decimal forms"
    OCTAL = "SSRF by octal forms"
    IPV6 = "SSRF by IPv6 forms"
    NAMES = "SSRF by names that resolve inside"
    REDIRECTS = "SSRF by redirects"
    FORGED = "forged messages in the queue"
    EXPIRED = "expired tokens"
    FOREIGN = "foreign tokens"
    UNSIGNED = "alg: none tokens"
    REVOKED = "revoked keys"
    ANOTHER_KEY = "another key's notification"
    ANOTHER_SECRET = "another service's secret with the worker's role"  # the name of an attack
    PLAIN_QUEUE = "plain HTTP to a queue"
    PLAIN_BUCKET = "plain HTTP to a bucket"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attack:
    """What is tried, and by which tests: node ids of pytest, each of which must be able to fail."""

    tried: Tried
    tests: tuple[str, ...]


ATTACKS = (
    Attack(
        tried=Tried.SQL,
        tests=(
            *(f"{path}::test_sql_in_every_field_is_text" for path in _HOSTILE),
            # That every field is one of these.
            *(f"{path}::test_no_field_is_left_out" for path in _HOSTILE),
        ),
    ),
    Attack(
        tried=Tried.OVERSIZED,
        tests=(*_NO_JSON, f"{_PROTOCOL}::test_a_request_has_so_many_headers_and_no_more"),
    ),
    Attack(tried=Tried.NESTED, tests=_NO_JSON),
    Attack(tried=Tried.NOT_UTF8, tests=_NO_JSON),
    Attack(tried=Tried.NUL, tests=(*_NO_JSON, f"{_PROTOCOL}::test_an_odd_path_leads_nowhere[/%00]")),
    Attack(tried=Tried.SURROGATES, tests=(*_NO_JSON, f"{_PROTOCOL}::test_an_odd_path_leads_nowhere[/%ed%a0%80]")),
    Attack(tried=Tried.NAN, tests=_NO_JSON),
    Attack(tried=Tried.PATH, tests=(f"{_PROTOCOL}::test_an_odd_path_leads_nowhere",)),
    Attack(
        tried=Tried.HEADER,
        tests=(
            f"{_PROTOCOL}::test_what_is_no_http_is_refused_without_repeating_it",
            f"{_PROTOCOL}::test_what_contradicts_itself_is_refused",
            f"{_PROTOCOL}::test_a_length_beside_chunks_is_refused",
        ),
    ),
    Attack(
        tried=Tried.LOG,
        tests=(
            f"{_SECRECY}::test_nothing_in_a_request_becomes_a_log_line_of_its_own",
            f"{_SECRECY}::test_no_log_and_no_refusal_holds_a_secret_or_a_body",
        ),
    ),
    Attack(
        tried=Tried.SLOW,
        tests=(
            f"{_PROTOCOL}::test_a_head_that_does_not_come_to_its_end_is_given_up",
            f"{_PROTOCOL}::test_a_head_that_comes_little_by_little_is_given_no_more_time",
            f"{_PROTOCOL}::test_a_body_that_comes_little_by_little_is_given_up",
            f"{_PROTOCOL}::test_an_answer_that_is_not_taken_in_is_given_up",
            f"{_PROTOCOL}::test_a_handful_of_slow_clients_holds_nobody_up",
            f"{_PROTOCOL}::test_of_too_many_connections_the_one_goes_that_has_waited_longest",
        ),
    ),
    Attack(
        tried=Tried.LOOPBACK,
        tests=(
            f"{_CONNECTED}[127.0.0.1]",
            f"{_CONNECTED}[localhost]",
            f"{_TAKEN_IN}[https://127.0.0.1/-everybody can reach]",
            f"{_ON_THE_CLOUD}::test_a_webhook_that_leads_inside_fails_at_once",
            f"{_ON_THE_CLOUD}::test_an_address_inside_is_not_taken_in[127.0.0.1]",
        ),
    ),
    Attack(
        tried=Tried.METADATA,
        tests=(
            f"{_CONNECTED}[169.254.169.254]",
            f"{_TAKEN_IN}[https://169.254.169.254/latest/meta-data/-everybody can reach]",
            f"{_ON_THE_CLOUD}::test_an_address_inside_is_not_taken_in[169.254.169.254]",
        ),
    ),
    Attack(
        tried=Tried.DECIMAL,
        tests=(
            f"{_CONNECTED}[2130706433]",
            f"{_CONNECTED}[2852039166]",
            f"{_TAKEN_IN}[https://2130706433/-everybody can reach]",
        ),
    ),
    Attack(
        tried=Tried.OCTAL,
        tests=(
            f"{_CONNECTED}[0177.0.0.01]",
            f"{_CONNECTED}[017700000001]",
            f"{_TAKEN_IN}[https://0177.0.0.1/-everybody can reach]",
        ),
    ),
    Attack(
        tried=Tried.IPV6,
        tests=(
            f"{_CONNECTED}[[::1]]",
            f"{_CONNECTED}[[::ffff:a9fe:a9fe]]",
            f"{_CONNECTED}[[64:ff9b::7f00:1]]",
            f"{_CONNECTED}[[fd00:ec2::254]]",
            f"{_TAKEN_IN}[https://[fd00:ec2::254]/-everybody can reach]",
            "tests/services/test_addresses.py::test_what_is_inside_is_not_public",
        ),
    ),
    Attack(
        tried=Tried.NAMES,
        tests=(
            f"{_CHANNELS}::test_a_name_that_resolves_inside_is_refused",
            f"{_CHANNELS}::test_one_address_inside_among_others_is_enough",
            f"{_CHANNELS}::test_what_was_looked_at_is_what_is_connected_to",
            f"{_CHANNELS}::test_each_connection_is_looked_at_anew",
            f"{_ON_THE_CLOUD}::test_a_webhook_that_leads_inside_fails_at_once",
        ),
    ),
    Attack(tried=Tried.REDIRECTS, tests=(f"{_CHANNELS}::test_a_redirect_inside_is_not_followed",)),
    Attack(
        tried=Tried.FORGED,
        tests=(
            f"{_FORGED}::test_a_message_of_no_notification_is_parked_and_stored_nowhere",
            f"{_FORGED}::test_a_message_with_another_s_id_delivers_what_was_taken_in_under_it",
            f"{_FORGED}::test_what_was_sent_is_not_sent_again_by_a_forged_message",
            f"{_FORGED}::test_a_message_of_another_shape_is_parked",
            "tests/services/test_replay_letters.py"
            "::test_a_dead_letter_of_no_notification_stays_unless_other_producers_are_allowed",
            f"{_ON_THE_CLOUD}::test_a_forged_message_is_parked_and_delivered_to_nobody",
            f"{_ON_THE_CLOUD}::test_a_message_with_another_s_id_changes_nothing",
        ),
    ),
    Attack(tried=Tried.EXPIRED, tests=(f"{_TOKEN}[expired]",)),
    Attack(
        tried=Tried.FOREIGN,
        tests=(f"{_TOKEN}[of a foreign issuer]", f"{_TOKEN}[of a foreign key]", f"{_TOKEN}[for another audience]"),
    ),
    Attack(
        tried=Tried.UNSIGNED,
        tests=(f"{_TOKEN}[alg none]", f"{_TOKEN}[alg None]", f"{_TOKEN}[HS256 with the public key]"),
    ),
    Attack(
        tried=Tried.REVOKED,
        tests=(f"{_IDENTITY}/test_keys.py::test_a_revoked_key_is_refused_within_seconds_by_every_task",),
    ),
    Attack(
        tried=Tried.ANOTHER_KEY,
        tests=(
            f"{_IDENTITY}/test_ownership.py::test_another_key_s_notification_is_not_there",
            f"{_IDENTITY}/test_ownership.py::test_lists_hold_one_s_own_only_whatever_is_asked_for",
            f"{_IDENTITY}/test_ownership.py::test_a_replay_leaves_another_key_s_notifications_alone",
        ),
    ),
    Attack(
        tried=Tried.ANOTHER_SECRET,
        tests=(
            f"{_ON_THE_CLOUD}::test_the_worker_s_role_reads_no_other_service_s_secret",
            f"{_ON_THE_CLOUD}::test_the_api_s_role_reads_not_the_worker_s_secret",
        ),
    ),
    Attack(
        tried=Tried.PLAIN_QUEUE,
        tests=(
            f"{_ON_THE_CLOUD}::test_the_queues_refuse_plain_http",
            f"{_ON_THE_CLOUD}::test_the_cloud_s_port_speaks_no_plain_http",
        ),
    ),
    Attack(
        tried=Tried.PLAIN_BUCKET,
        tests=(
            "tests/e2e/webapp/test_refused.py::test_the_bucket_refuses_plain_http",
            "tests/local/emulator/test_authorization.py"
            "::test_a_bucket_s_policy_refuses_a_role_that_comes_by_plain_http",
            "tests/constructs_lib/test_buckets.py::test_encrypted_and_reached_by_tls_only",
        ),
    ),
)
