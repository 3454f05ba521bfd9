"""How notifications leave: one class per channel, all with `deliver(message)`."""

from collections.abc import Callable, Mapping

from services.channels.email import EmailChannel
from services.channels.sms import SmsChannel
from services.channels.telegram import TelegramChannel
from services.channels.webhook import WebhookChannel
from services.messages import Channel, Message
from services.secret_values import SecretValues
from services.settings import WithChannels

# Delivers one message or raises PermanentError or TransientError, within a bounded time whatever the other side does.
# Called from several threads at once.
Deliver = Callable[[Message], None]


def build_channels(settings: WithChannels, secrets: SecretValues) -> Mapping[Channel, Deliver]:
    """The way out for each channel."""
    return {
        Channel.EMAIL: EmailChannel(settings.email_sender).deliver,
        Channel.SMS: SmsChannel().deliver,
        Channel.WEBHOOK: WebhookChannel(settings.webhook_hosts_allowed_inside).deliver,
        Channel.TELEGRAM: TelegramChannel(
            secrets, secret_arn=settings.telegram_secret_arn, base_url=settings.telegram_base_url
        ).deliver,
    }
