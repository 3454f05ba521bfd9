"""The ways out to the recipients, as permissions and variables of whoever delivers."""

from collections.abc import Collection, Sequence

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from config.model import Channel, ChannelsConfig, Lifecycle
from constructs_lib.keys import allow_reading_secret, customer_key
from constructs_lib.lifecycle import removal_policy
from constructs_lib.network import HTTPS, UNPRIVILEGED


class Channels(Construct):
    """E-mail by SES, SMS by SNS, Telegram by its Bot API; a webhook needs no more than the way out.

    `used` are the channels that any code of the stack uses: only for these is something made. Each consumer then gets
    what it names itself.
    """

    def __init__(
        self, scope: Construct, id_: str, *, config: ChannelsConfig, used: Collection[Channel], lifecycle: Lifecycle
    ) -> None:
        super().__init__(scope, id_)
        self._config = config
        self.telegram_secret: secretsmanager.ISecret | None = None
        if "telegram" in used:
            # Made with a random value, so that the stack deploys before the bot exists; a person puts the token in.
            self.telegram_secret = secretsmanager.Secret(
                self,
                "TelegramToken",
                encryption_key=customer_key(self, "secretsmanager"),
                description="Token of the Telegram bot, as BotFather gives it",
                removal_policy=removal_policy(lifecycle),
            )

    def variables(self, channels: Collection[Channel]) -> dict[str, str]:
        """Return the variables by which code finds these channels."""
        found: dict[str, str] = {}
        if "email" in channels:
            found["EMAIL_SENDER"] = self._sender
        if "telegram" in channels:
            found["TELEGRAM_SECRET_ARN"] = self._telegram_token.secret_arn
            found["TELEGRAM_BASE_URL"] = str(self._config.telegram_base_url).rstrip("/")
        if "webhook" in channels and self._config.webhook_hosts_allowed_inside:
            found["WEBHOOK_HOSTS_ALLOWED_INSIDE"] = ",".join(self._config.webhook_hosts_allowed_inside)
        return found

    def allow(self, role: iam.IGrantable, channels: Collection[Channel]) -> None:
        """Let a role deliver through these channels."""
        if "email" in channels:
            role.grant_principal.add_to_principal_policy(self._sending_email())
        if "sms" in channels:
            role.grant_principal.add_to_principal_policy(self._sending_sms())
        if "telegram" in channels:
            allow_reading_secret(role, self._telegram_token)

    @property
    def _sender(self) -> str:
        if self._config.email_sender is None:
            message = "channels.email_sender is missing, though e-mail is sent; config.rules refuses that"
            raise ValueError(message)
        return self._config.email_sender

    @property
    def _telegram_token(self) -> secretsmanager.ISecret:
        if self.telegram_secret is None:
            message = "telegram is not among the channels of this stack; name it in `used`"
            raise ValueError(message)
        return self.telegram_secret

    def _sending_email(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=["ses:SendEmail"],
            # The sender's identity can be its address or any domain above it, and in the sandbox SES asks for the
            # recipient's as well: the condition is what binds.
            resources=[Stack.of(self).format_arn(service="ses", resource="identity", resource_name="*")],
            conditions={"StringEquals": {"ses:FromAddress": self._sender}},
        )

    def _sending_sms(self) -> iam.PolicyStatement:
        # A phone number has no ARN; everything that has one, that is every topic, is left out.
        topics = Stack.of(self).format_arn(service="sns", resource="*", account="*", region="*")
        return iam.PolicyStatement(actions=["sns:Publish"], not_resources=[topics])


def ports_of(channels: Collection[Channel]) -> Sequence[ec2.Port]:
    """Return the ports on which code reaches the world for these channels: a webhook's recipient chooses its own.

    They are those that the API takes in a webhook's URL.
    """
    return (HTTPS, UNPRIVILEGED) if "webhook" in channels else (HTTPS,)


def lead_outside(channels: Collection[Channel]) -> bool:
    """Tell whether these channels deliver to anyone but AWS, which has endpoints inside a VPC for e-mail and SMS."""
    return bool({"webhook", "telegram"} & set(channels))
