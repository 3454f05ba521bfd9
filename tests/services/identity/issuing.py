"""An OIDC issuer: it serves its discovery document and its keys, and signs tokens."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.support.receiver import Answer, Receiver

AUDIENCE = "notifications"
_DISCOVERY, _JWKS = "/.well-known/openid-configuration", "/keys"


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    """The public half, as anybody may have it."""
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


class Issuer:
    """Signs with the latest of its keys; serves all of them."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.url = receiver.url
        self.keys: dict[str, rsa.RSAPrivateKey] = {"one": rsa_key()}
        self.publish()

    def publish(self, **changes: Any) -> None:
        """Serve discovery document and keys anew; changes are of the document."""
        document = {"issuer": self.url, "jwks_uri": f"{self.url}{_JWKS}", **changes}
        keys = [
            {**RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}
            for name, key in self.keys.items()
        ]
        self.receiver.answers[_DISCOVERY] = Answer(body=json.dumps(document).encode())
        self.receiver.answers[_JWKS] = Answer(body=json.dumps({"keys": keys}).encode())

    def publish_elliptic(self) -> ec.EllipticCurvePrivateKey:
        key = ec.generate_private_key(ec.SECP256R1())
        jwk = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "curve"}
        self.receiver.answers[_JWKS] = Answer(body=json.dumps({"keys": [jwk]}).encode())
        return key

    def fail(self, status: int = 503) -> None:
        """Answer no question any more."""
        self.receiver.answers[_DISCOVERY] = self.receiver.answers[_JWKS] = Answer(status=status)

    @property
    def looks(self) -> int:
        """How often it was asked for its keys."""
        return len(self.receiver.to(_DISCOVERY))

    def rules(self, **changes: Any) -> dict[str, Any]:
        return {"issuer": self.url, "audiences": [AUDIENCE], "algorithms": ["RS256"], **changes}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good token; a change to None takes one out."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": "ada", "aud": AUDIENCE, "iat": now, "exp": now + 300, **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, kid: str | None = None, **changes: Any) -> str:
        name = kid or list(self.keys)[-1]
        return jwt.encode(self.claims(**changes), self.keys[name], algorithm="RS256", headers={"kid": name})
