"""Whether something that failed is worth another attempt."""


class PermanentError(Exception):
    """No attempt will do better; the text says why."""


class TransientError(Exception):
    """A later attempt may do better.

    retry_after_seconds: what the other side asked for, if it did.
    """

    def __init__(self, reason: str, *, retry_after_seconds: int = 0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds
