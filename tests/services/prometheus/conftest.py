"""What the tests of the Prometheus service share."""

from tests.support.emulator import aws, emulator

__all__ = ["aws", "emulator"]
