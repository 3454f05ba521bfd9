"""The API by tokens of an OIDC issuer, which answers over TLS: each refusal, and what an issuer may do."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import jwt
import pytest

from services.identity.issuer import FRESH_SECONDS, RETRY_SECONDS, STALE_SECONDS, IssuerUnavailableError, SigningKeys
from tests.services.identity.conftest import NewKey, Serve
from tests.services.identity.issuing import AUDIENCE, Issuer, pem, rsa_key
from tests.services.identity.test_keys import SMS, bearer, refused
from tests.services.problems import problem
from tests.support.eventually import eventually
from tests.support.receiver import Answer

MakeToken = Callable[[Issuer], str]
NOW = time.time


@pytest.fixture
def guarded(serve: Serve, issuer: Issuer) -> Iterator[httpx.Client]:
    """A client, without a token, of the API that takes keys and tokens."""
    with serve(tokens=issuer.rules()) as client:
        yield client


def ask(client: httpx.Client, token: str) -> httpx.Response:
    return client.get("/notifications", headers=bearer(token))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"aud": ["other", AUDIENCE]},
        {"aud": None, "client_id": AUDIENCE, "token_use": "access"},
        {"exp": int(NOW()) - 5},
        {"nbf": int(NOW()) + 5},
    ],
    ids=["aud", "several aud", "Cognito", "expired within the leeway", "not yet valid within the leeway"],
)
def test_a_token_of_the_issuer_is_taken(guarded: httpx.Client, issuer: Issuer, claims: dict[str, Any]) -> None:
    # Made at the time of the test, not of its collection.
    now = int(NOW())
    moved: dict[str, Any] = {
        name: now + {"exp": -5, "nbf": 5}[name] if name in ("exp", "nbf") else claims[name] for name in claims
    }
    assert ask(guarded, issuer.token(**moved)).status_code == 200


def test_subjects_are_owners(guarded: httpx.Client, issuer: Issuer, new_key: NewKey) -> None:
    ada, bob = bearer(issuer.token(sub="ada")), bearer(issuer.token(sub="bob"))
    hers = guarded.post("/notifications", json=SMS, headers=ada).json()["id"]
    assert guarded.get(f"/notifications/{hers}", headers=bearer(issuer.token(sub="ada"))).status_code == 200
    for other in (bob, bearer(new_key()[0])):
        assert guarded.get(f"/notifications/{hers}", headers=other).status_code == 404


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _unsigned(issuer: Issuer, algorithm: str) -> str:
    return f"{_encoded({'alg': algorithm, 'kid': 'one', 'typ': 'JWT'})}.{_encoded(issuer.claims())}."


def _hs256(issuer: Issuer) -> str:
    """Signed with the public key as if it were a shared secret; PyJWT itself refuses to make it."""
    text = f"{_encoded({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{_encoded(issuer.claims())}"
    signature = hmac.new(pem(issuer.keys["one"]).encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _tampered(issuer: Issuer) -> str:
    header, _, signature = issuer.token().split(".")
    return f"{header}.{_encoded(issuer.claims(sub='bob'))}.{signature}"


REFUSED: dict[str, tuple[MakeToken, str]] = {
    "expired": (lambda issuer: issuer.token(exp=int(NOW()) - 60), "has expired"),
    "not valid yet": (lambda issuer: issuer.token(nbf=int(NOW()) + 60), "not valid yet"),
    "issued in the future": (lambda issuer: issuer.token(iat=int(NOW()) + 60), "not valid yet"),
    "of a foreign issuer": (lambda issuer: issuer.token(iss="https://issuer.example.com"), "another issuer"),
    "of a foreign key": (
        lambda issuer: jwt.encode(issuer.claims(), rsa_key(), algorithm="RS256", headers={"kid": "one"}),
        "signature",
    ),
    "of an unknown key": (
        lambda issuer: jwt.encode(issuer.claims(), rsa_key(), algorithm="RS256", headers={"kid": "other"}),
        "key is not its issuer's",
    ),
    "without a key's name": (
        lambda issuer: jwt.encode(issuer.claims(), issuer.keys["one"], algorithm="RS256"),
        "does not name its key",
    ),
    "alg none": (lambda issuer: _unsigned(issuer, "none"), "algorithm"),
    "alg None": (lambda issuer: _unsigned(issuer, "None"), "algorithm"),
    "HS256 with the public key": (_hs256, "algorithm"),
    "another asymmetric algorithm": (
        lambda issuer: jwt.encode(issuer.claims(), issuer.keys["one"], algorithm="RS512", headers={"kid": "one"}),
        "algorithm",
    ),
    "for another audience": (lambda issuer: issuer.token(aud="other"), "another audience"),
    "for no audience": (lambda issuer: issuer.token(aud=None), "another audience"),
    "for another Cognito client": (
        lambda issuer: issuer.token(aud=None, client_id="other", token_use="access"),
        "another audience",
    ),
    "a client_id without Cognito's token_use": (
        lambda issuer: issuer.token(aud=None, client_id=AUDIENCE),
        "another audience",
    ),
    "Cognito's token for applications": (lambda issuer: issuer.token(token_use="id"), "no access token"),
    "without an end": (lambda issuer: issuer.token(exp=None), "lacks"),
    "without a subject": (lambda issuer: issuer.token(sub=None), "lacks"),
    "with an empty subject": (lambda issuer: issuer.token(sub=""), "sub"),
    "with a subject of another kind": (lambda issuer: issuer.token(sub=7), "valid"),
    "an end of another kind": (lambda issuer: issuer.token(exp="soon"), "valid"),
    "tampered with": (_tampered, "signature"),
    "nested deeply": (lambda _: f"{_encoded('x')[:0]}{base64.urlsafe_b64encode(b'[' * 5000).decode()}.e30.x", "valid"),
    "too long": (lambda issuer: issuer.token(padding="x" * 9000), "longer than"),
    "nonsense": (lambda _: "nonsense", "valid"),
    "dots": (lambda _: "..", "valid"),
}


@pytest.mark.parametrize(("make", "told"), REFUSED.values(), ids=REFUSED)
def test_a_token_that_is_refused(guarded: httpx.Client, issuer: Issuer, make: MakeToken, told: str) -> None:
    token = make(issuer)
    answer = ask(guarded, token)
    assert told in refused(answer)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert token[:20] not in answer.text + str(answer.headers)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_token_is_no_api_key(guarded: httpx.Client, issuer: Issuer) -> None:
    refused(guarded.get("/notifications", headers={"X-API-Key": issuer.token()}))


def test_where_no_tokens_are_taken_a_good_one_is_refused(serve: Serve, issuer: Issuer) -> None:
    with serve() as client:
        refused(ask(client, issuer.token()))
    assert issuer.looks == 0


def test_where_no_keys_are_taken_a_good_one_is_refused(serve: Serve, issuer: Issuer, new_key: NewKey) -> None:
    with serve(api_keys=False, tokens=issuer.rules()) as client:
        assert "not taken here" in refused(ask(client, new_key()[0]))
        assert ask(client, issuer.token()).status_code == 200


def test_elliptic_curves_are_taken_where_they_are_allowed(serve: Serve, issuer: Issuer) -> None:
    key = issuer.publish_elliptic()
    with serve(tokens=issuer.rules(algorithms=["ES256"])) as client:
        token = jwt.encode(issuer.claims(), key, algorithm="ES256", headers={"kid": "curve"})
        assert ask(client, token).status_code == 200


def test_keys_are_fetched_once_and_again_for_a_new_one(guarded: httpx.Client, issuer: Issuer) -> None:
    assert {ask(guarded, issuer.token()).status_code for _ in range(5)} == {200}
    assert issuer.looks == 1


def test_unknown_keys_lead_to_one_look_in_a_while(issuer: Issuer) -> None:
    clock = Clock()
    keys = SigningKeys(issuer.url, clock=clock)
    assert keys.key("one") is not None
    issuer.keys["two"] = rsa_key()
    issuer.publish()
    assert [keys.key("two") for _ in range(20)] == [None] * 20
    assert issuer.looks == 1
    clock.now += RETRY_SECONDS
    assert keys.key("two") is not None
    assert issuer.looks == 2
    assert [keys.key(f"made-up-{number}") for number in range(20)] == [None] * 20
    assert issuer.looks == 2


@pytest.mark.parametrize("status", [500, 404, 302])
def test_while_the_issuer_is_away_it_is_503_and_not_401(serve: Serve, issuer: Issuer, status: int) -> None:
    issuer.fail(status)
    with serve(tokens=issuer.rules()) as client:
        for _ in range(5):
            answer = ask(client, issuer.token())
            assert problem(answer, 503) == {"issuer": "is not available"}
            assert int(answer.headers["retry-after"]) > 0
    assert issuer.looks == 1


def test_while_the_issuer_is_away_its_keys_go_on_for_a_day(issuer: Issuer) -> None:
    clock = Clock()
    keys = SigningKeys(issuer.url, clock=clock)
    assert keys.key("one") is not None
    issuer.fail()
    clock.now += STALE_SECONDS - 60
    assert keys.key("one") is not None
    clock.now += 120
    with pytest.raises(IssuerUnavailableError):
        keys.key("one")
    issuer.publish()
    clock.now += RETRY_SECONDS
    assert keys.key("one") is not None


@pytest.fixture
def hang(issuer: Issuer) -> Iterator[Callable[[SigningKeys], None]]:
    """Makes the issuer hang, and one thread look for keys there."""
    over = Event()

    def begin(keys: SigningKeys) -> None:
        issuer.receiver.answers["/.well-known/openid-configuration"] = Answer(503, before=lambda: over.wait(60))
        executor.submit(keys.key, "made-up")
        eventually(keys._looking.locked)

    with ThreadPoolExecutor(1) as executor:
        yield begin
        over.set()


def test_while_the_issuer_hangs_nobody_waits_who_can_be_answered(
    issuer: Issuer, hang: Callable[[SigningKeys], None]
) -> None:
    clock = Clock()
    keys = SigningKeys(issuer.url, clock=clock)
    assert keys.key("one") is not None
    clock.now += FRESH_SECONDS + 1
    hang(keys)
    assert keys.key("one") is not None
    assert [keys.key(f"made-up-{number}") for number in range(5)] == [None] * 5
    assert keys._looking.locked(), "the look goes on, so that nobody has waited for it"


def test_while_the_issuer_hangs_and_there_are_no_keys_one_waits_and_others_are_told(
    issuer: Issuer, hang: Callable[[SigningKeys], None]
) -> None:
    keys = SigningKeys(issuer.url)
    hang(keys)

    def seconds(_: int) -> float:
        started = time.monotonic()
        with pytest.raises(IssuerUnavailableError):
            keys.key("one")
        return time.monotonic() - started

    with ThreadPoolExecutor(6) as executor:
        waited = sorted(executor.map(seconds, range(6)))
    assert [each > 0.9 for each in waited] == [False] * 5 + [True]


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://issuer.example.com"},
        {"jwks_uri": "http://127.0.0.1/keys"},
        {"jwks_uri": 7},
        {"jwks_uri": "https://169.254.169.254/latest/meta-data"},
        {"jwks_uri": "https://[::1]/keys"},
        {"jwks_uri": "https://127.0.0.1:1/keys"},
    ],
)
def test_a_discovery_document_that_is_not_the_issuer_s(issuer: Issuer, change: dict[str, object]) -> None:
    issuer.publish(**change)
    with pytest.raises(IssuerUnavailableError):
        SigningKeys(issuer.url).key("one")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"keys": 7}', b'{"keys": []}', b"[" * 100_000, b" " * 300_000, b'{"keys": [{"kty": "oct"}]}'],
)
def test_keys_that_are_none(issuer: Issuer, body: bytes) -> None:
    issuer.receiver.answers["/keys"] = Answer(body=body)
    with pytest.raises(IssuerUnavailableError):
        SigningKeys(issuer.url).key("one")


def test_an_issuer_whose_certificate_is_not_trusted_is_away(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(IssuerUnavailableError):
        SigningKeys(issuer.url).key("one")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
