"""The certificates that database servers on AWS are verified against."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from services.database import CA_BUNDLE

CERTIFICATES = x509.load_pem_x509_certificates(CA_BUNDLE.read_bytes())


def test_the_bundle_is_one_that_tls_accepts() -> None:
    context = ssl.create_default_context(cafile=str(CA_BUNDLE))
    assert len(context.get_ca_certs()) == len(CERTIFICATES) > 0


@pytest.mark.parametrize("certificate", CERTIFICATES, ids=lambda each: each.subject.rfc4514_string())
def test_each_is_a_root_of_rds_with_a_year_to_go(certificate: x509.Certificate) -> None:
    assert certificate.subject == certificate.issuer
    assert "OU=Amazon RDS" in certificate.subject.rfc4514_string()
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=365)


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"])
def test_every_kind_of_key_is_covered_in_a_region(region: str) -> None:
    names = " ".join(each.subject.rfc4514_string() for each in CERTIFICATES)
    for kind in ("RSA2048", "RSA4096", "ECC384"):
        assert f"CN=Amazon RDS {region} Root CA {kind} G1" in names
