"""What the tests of the channels agree on."""

from uuid import UUID

ID = UUID("7f5a1f6e-0d9b-4f3c-9a55-0c5f6f0f7f11")
TOKEN = "42:token"
SENDER = "no-reply@example.com"
TELEGRAM_PATH = f"/bot{TOKEN}/sendMessage"
