"""The context that Lambda hands to a function."""

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """An invocation with so many seconds left."""

    def __init__(self, seconds: float = 30) -> None:
        self._aws_request_id = "9f5a1f6e-request"
        self._log_stream_name = "2026/01/31/[$LATEST]stream"
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # static there, but Lambda calls it on the context
        """What is left of the function's timeout."""
        return int(self._seconds * 1000)
