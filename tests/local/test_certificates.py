import datetime as dt
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.certificates import RENEW_BEFORE_EXPIRY, SERVER_LIFETIME, ensure_certificates
from local.settings import Settings


@contextmanager
def serving(certificate: Path, key: Path) -> Iterator[int]:
    """A TLS server that accepts connections and says nothing; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            try:
                with context.wrap_socket(listener.accept()[0], server_side=True):
                    pass
            except OSError:
                return  # the client refused the certificate

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=60)


def connect(port: int, authority: Path, name: str) -> None:
    context = ssl.create_default_context(cafile=str(authority))
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as connection,
        context.wrap_socket(connection, server_hostname=name),
    ):
        pass


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "shop.alb.localhost", "bucket.s3.localhost"])
def test_clients_that_trust_the_authority_accept_the_server(settings: Settings, name: str) -> None:
    assert ensure_certificates(settings)
    with serving(settings.certificate, settings.certificate_key) as port:
        connect(port, settings.ca_bundle, name)


def test_the_authority_vouches_for_no_name_beyond_this_machine(settings: Settings, tmp_path: Path) -> None:
    ensure_certificates(settings)
    certificate, key = certificate_for("example.com", settings, tmp_path)
    with (
        serving(certificate, key) as port,
        pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"),
    ):
        connect(port, settings.ca_bundle, "example.com")


def test_valid_certificates_are_kept(settings: Settings) -> None:
    ensure_certificates(settings)
    before = {path: path.read_bytes() for path in settings.ca_bundle.parent.iterdir()}
    assert not ensure_certificates(settings)
    assert {path: path.read_bytes() for path in settings.ca_bundle.parent.iterdir()} == before


def test_the_server_certificate_is_renewed_before_it_expires_under_the_same_authority(settings: Settings) -> None:
    ensure_certificates(settings)
    authority, server = settings.ca_bundle.read_bytes(), settings.certificate.read_bytes()
    expiry = dt.datetime.now(dt.UTC) + SERVER_LIFETIME
    assert not ensure_certificates(settings, now=expiry - RENEW_BEFORE_EXPIRY - dt.timedelta(days=1))
    assert ensure_certificates(settings, now=expiry - RENEW_BEFORE_EXPIRY + dt.timedelta(days=1))
    assert settings.certificate.read_bytes() != server
    assert settings.ca_bundle.read_bytes() == authority


@pytest.mark.parametrize("name", ["ca.pem", "ca.key", "server.pem", "server.key"])
@pytest.mark.parametrize("damage", [None, b"not a certificate"])
def test_a_missing_or_damaged_file_is_replaced(settings: Settings, name: str, damage: bytes | None) -> None:
    ensure_certificates(settings)
    path = settings.ca_bundle.with_name(name)
    path.unlink() if damage is None else path.write_bytes(damage)
    assert ensure_certificates(settings)
    with serving(settings.certificate, settings.certificate_key) as port:
        connect(port, settings.ca_bundle, "localhost")


def test_private_keys_are_readable_for_the_owner_only(settings: Settings) -> None:
    ensure_certificates(settings)
    for name in ("ca.key", "server.key"):
        assert stat.S_IMODE(settings.ca_bundle.with_name(name).stat().st_mode) == 0o600


def certificate_for(name: str, settings: Settings, folder: Path) -> tuple[Path, Path]:
    """A certificate signed by the authority's own key for any name."""
    authority = x509.load_pem_x509_certificate(settings.ca_bundle.read_bytes())
    authority_key = serialization.load_pem_private_key(
        settings.ca_bundle.with_name("ca.key").read_bytes(), password=None
    )
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    paths = folder / "other.pem", folder / "other.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
