"""HTTPS at the load balancer: certificates, the redirect from HTTP, and what browsers are told."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions

from config.model import (
    HostedZone,
    Lifecycle,
    LoadBalancerConfig,
)
from constructs_lib.load_balancer import LoadBalancer
from tests.constructs_lib.balancing import DEFAULT, NOT_FOUND, ONE_MONTH, attributes, balanced, listeners
from tests.support.given import found, vpc
from tests.support.synth import CERTIFICATE_ARN


def test_without_certificate_http_is_served() -> None:
    template = balanced(DEFAULT)
    (listener,) = found(template, "AWS::ElasticLoadBalancingV2::Listener")
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    assert listener["DefaultActions"][0]["Type"] == "forward"


def test_with_certificate_http_only_redirects() -> None:
    """A plain listener that forwards would carry bodies and keys unencrypted."""
    made = listeners(balanced(DEFAULT, certificate_arn=CERTIFICATE_ARN))
    assert made.keys() == {80, 443}
    (redirect,) = made[80]["DefaultActions"]
    assert redirect["Type"] == "redirect"
    assert (redirect["RedirectConfig"]["Protocol"], redirect["RedirectConfig"]["Port"]) == ("HTTPS", "443")
    assert made[443]["Certificates"] == [{"CertificateArn": CERTIFICATE_ARN}]
    assert made[443]["DefaultActions"][0]["Type"] == "forward"
    # This policy offers TLS 1.2 and 1.3.
    assert made[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"


def test_a_hosted_zone_gets_the_record_and_proves_the_certificate() -> None:
    template = balanced(
        DEFAULT,
        domain_name="api.example.com",
        hosted_zone=HostedZone(id="Z0123456789ABCDEFGHIJ", name="example.com"),
    )
    (record,) = found(template, "AWS::Route53::RecordSet")
    assert (record["Name"], record["Type"]) == ("api.example.com.", "A")
    assert record["HostedZoneId"] == "Z0123456789ABCDEFGHIJ"
    (certificate,) = found(template, "AWS::CertificateManager::Certificate")
    assert certificate["DomainName"] == "api.example.com"
    assert certificate["ValidationMethod"] == "DNS"
    assert sorted(listeners(template)) == [80, 443]


def test_a_given_certificate_is_taken_before_one_is_made() -> None:
    template = balanced(
        DEFAULT,
        certificate_arn=CERTIFICATE_ARN,
        domain_name="api.example.com",
        hosted_zone=HostedZone(id="Z0123456789ABCDEFGHIJ", name="example.com"),
    )
    assert found(template, "AWS::CertificateManager::Certificate") == []
    assert listeners(template)[443]["Certificates"] == [{"CertificateArn": CERTIFICATE_ARN}]


def test_browsers_that_were_served_by_https_come_back_by_https() -> None:
    template = balanced(DEFAULT, certificate_arn=CERTIFICATE_ARN)
    assert attributes(listeners(template)[443])["strict_transport_security.header_value"] == "max-age=31536000"
    short = balanced(DEFAULT, certificate_arn=CERTIFICATE_ARN, strict_transport_days=0)
    assert attributes(listeners(short)[443])["strict_transport_security.header_value"] == "max-age=0"


def test_plain_http_promises_no_https() -> None:
    """A browser takes that header by HTTPS only; a redirect is no answer that it would be taken from."""
    assert "strict_transport_security.header_value" not in attributes(listeners(balanced(DEFAULT))[80])
    redirect = listeners(balanced(DEFAULT, certificate_arn=CERTIFICATE_ARN))[80]
    assert "strict_transport_security.header_value" not in attributes(redirect)


def warned(**config: Any) -> assertions.Annotations:
    """What the construct tells at synthesis."""
    stack = cdk.Stack(cdk.App(), "Warned")
    LoadBalancer(
        stack,
        "LoadBalancer",
        vpc=vpc(stack),
        config=LoadBalancerConfig(fixed_response=NOT_FOUND, **config),
        lifecycle=Lifecycle.DESTROY,
        log_retention=ONE_MONTH,
        alarm_topic=None,
    )
    return assertions.Annotations.from_stack(stack)


def test_without_certificate_it_says_what_it_does_without() -> None:
    told = warned()
    for said in ("plain HTTP", "no redirect", "no HSTS", "-c certificate_arn="):
        told.has_warning("*", assertions.Match.string_like_regexp(said))
    warned(certificate_arn=CERTIFICATE_ARN).has_no_warning("*", assertions.Match.any_value())
