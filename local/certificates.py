"""A certificate authority of this checkout's own, and the servers' certificate it signs.

The authority may sign for this machine's loopback names only (a name constraint in the certificate itself), so
trusting it in a shell opens no door to anything else.
"""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.files import write_atomic
from local.settings import Settings

AUTHORITY_LIFETIME = dt.timedelta(days=3650)
# The longest that common TLS clients accept for a server.
SERVER_LIFETIME = dt.timedelta(days=397)
RENEW_BEFORE_EXPIRY = dt.timedelta(days=30)
# A wildcard covers one label, so every level that is used has its own.
DNS_NAMES = ("localhost", "*.localhost", "*.alb.localhost", "*.s3.localhost")
ADDRESSES = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
LOOPBACK_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure_certificates(settings: Settings, *, now: dt.datetime | None = None) -> bool:
    """Make the authority and the server certificate, or keep them while they are valid.

    Returns:
        Whether anything was made anew: servers that run with the former certificate must then be restarted.
    """
    now = now or dt.datetime.now(dt.UTC)
    authority_key_file = settings.directory / "ca" / "ca.key"
    authority = _load(settings.ca_bundle, authority_key_file)
    fresh_authority = authority is None or _expires_soon(authority.certificate, now)
    if authority is None or fresh_authority:
        authority = _new_authority(now)
        _store(authority, settings.ca_bundle, authority_key_file, chain=())
    server = _load(settings.certificate, settings.certificate_key)
    if fresh_authority or server is None or _expires_soon(server.certificate, now) or not _fits(server, authority):
        # The chain goes along: a process that trusts what the server file holds trusts the authority.
        chain = (authority.certificate,)
        _store(_new_server(authority, now), settings.certificate, settings.certificate_key, chain=chain)
        return True
    return False


def _expires_soon(certificate: x509.Certificate, now: dt.datetime) -> bool:
    return now < certificate.not_valid_before_utc or now > certificate.not_valid_after_utc - RENEW_BEFORE_EXPIRY


def _fits(server: _Pair, authority: _Pair) -> bool:
    """Whether the server certificate is signed by the authority and carries every name in use."""
    try:
        server.certificate.verify_directly_issued_by(authority.certificate)
        names = server.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # noqa: BLE001 - whatever is wrong with a stored certificate, the answer is a new one
        return False
    return set(names) == set(_subject_alternative_names())


def _load(certificate_file: Path, key_file: Path) -> _Pair | None:
    """The stored pair, or None when it is missing, damaged or does not belong together."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return _Pair(certificate, key)


def _store(pair: _Pair, certificate_file: Path, key_file: Path, *, chain: tuple[x509.Certificate, ...]) -> None:
    pem = pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomic(key_file, pem, mode=0o600)
    certificates = (pair.certificate, *chain)
    write_atomic(certificate_file, b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates))


def _subject_alternative_names() -> list[x509.GeneralName]:
    return [*(x509.DNSName(name) for name in DNS_NAMES), *(x509.IPAddress(address) for address in ADDRESSES)]


def _new_authority(now: dt.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Groundwork embedded cloud")])
    constraint = x509.NameConstraints(
        permitted_subtrees=[x509.DNSName("localhost"), *(x509.IPAddress(network) for network in LOOPBACK_NETWORKS)],
        excluded_subtrees=None,
    )
    certificate = (
        _builder(name, name, key, now, AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(constraint, critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _new_server(authority: _Pair, now: dt.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        _builder(name, authority.certificate.subject, key, now, SERVER_LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_subject_alternative_names()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _Pair(certificate, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: dt.datetime, lifetime: dt.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))  # a clock set back a little
        .not_valid_after(now + lifetime)
        # Python 3.13 and newer refuse certificates without key identifiers.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
