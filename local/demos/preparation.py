"""What a deployment takes besides code: a certificate and addresses before it, tokens and identities after it."""

import re
import secrets
from urllib.parse import urlsplit

from local.cloud import client_options, session
from local.cloud_assembly import Assembly
from local.demos.stage import Demo
from local.settings import Settings
from local.state import Deployment

TOKEN_OUTPUT = "TelegramSecretArn"  # noqa: S105 - the name of a stack output
SENDER_VARIABLE = "EMAIL_SENDER"
# The form in which BotFather hands out tokens.
_TOKEN = re.compile(r"\d+:[\w-]{30,}")


def context(settings: Settings, demo: Demo, system: str, env: str) -> dict[str, str]:
    """The CDK context that leads messages to the receiver, on loopback, with a certificate where one is required."""
    given = {"telegram_base_url": settings.receiver_url} if demo.uses_telegram else {}
    if demo.uses_webhooks:
        given["webhook_hosts_allowed_inside"] = urlsplit(settings.receiver_url).netloc
    if env in demo.https_only_in:
        given["certificate_arn"] = _certificate(settings, f"{system}.example.com")
    return given


def prepare(settings: Settings, deployment: Deployment, assembly: Assembly) -> None:
    """Do what a person does after the first deployment to an account, where it isn't done yet.

    That is: put a bot's token into its secret, and verify the addresses that e-mail is sent from.
    """
    if secret := deployment.output(TOKEN_OUTPUT):
        _put_token(settings, secret)
    mail = session(settings).client("ses", **client_options(settings))
    for sender in sorted(assembly.variables(SENDER_VARIABLE)):
        mail.verify_email_identity(EmailAddress=sender)


def _certificate(settings: Settings, domain: str) -> str:
    """The ARN of a domain's certificate, requested unless there is one: another one would change the listener."""
    client = session(settings).client("acm", **client_options(settings))
    for known in client.list_certificates()["CertificateSummaryList"]:
        if known["DomainName"] == domain:
            return known["CertificateArn"]
    return client.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]


def _put_token(settings: Settings, secret: str) -> None:
    client = session(settings).client("secretsmanager", **client_options(settings))
    if not _TOKEN.fullmatch(client.get_secret_value(SecretId=secret)["SecretString"]):
        client.put_secret_value(SecretId=secret, SecretString=f"1:{secrets.token_hex(20)}")
