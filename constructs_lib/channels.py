"""The ways out to the recipients, as permissions and variables of whoever delivers."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from config.model import ChannelsConfig, Lifecycle
from constructs_lib.lifecycle import removal_policy


class Channels(Construct):
    """E-mail by SES, SMS by SNS, Telegram by its Bot API; a webhook needs no more than the way out."""

    def __init__(self, scope: Construct, id_: str, *, config: ChannelsConfig, lifecycle: Lifecycle) -> None:
        super().__init__(scope, id_)
        self._config = config
        # Made with a random value, so that the stack deploys before the bot exists; a person puts the token in.
        self.telegram_secret = secretsmanager.Secret(
            self,
            "TelegramToken",
            description="Token of the Telegram bot, as BotFather gives it",
            removal_policy=removal_policy(lifecycle),
        )

    @property
    def variables(self) -> dict[str, str]:
        """The variables by which code finds the channels."""
        return {
            "EMAIL_SENDER": self._config.email_sender,
            "TELEGRAM_SECRET_ARN": self.telegram_secret.secret_arn,
            "TELEGRAM_BASE_URL": str(self._config.telegram_base_url).rstrip("/"),
        }

    def allow(self, function: lambda_.IFunction) -> None:
        """Let a function deliver through every channel."""
        stack = Stack.of(self)
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["ses:SendEmail"],
                # The sender's identity can be its address or any domain above it, and in the sandbox SES asks for the
                # recipient's as well: the condition is what binds.
                resources=[stack.format_arn(service="ses", resource="identity", resource_name="*")],
                conditions={"StringEquals": {"ses:FromAddress": self._config.email_sender}},
            )
        )
        # A phone number has no ARN; everything that has one, that is every topic, is left out.
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                not_resources=[stack.format_arn(service="sns", resource="*", account="*", region="*")],
            )
        )
        self.telegram_secret.grant_read(function)
