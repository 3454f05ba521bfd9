"""What failures say about another attempt."""


class UnavailableError(Exception):
    """Something that a process uses is away at present; the same call may succeed later.

    Its text says why and repeats nothing of what was asked, so that it may be logged and shown.
    """


class PermanentError(Exception):
    """No attempt will do better; the text says why."""


class TransientError(Exception):
    """A later attempt may do better.

    retry_after_seconds: what the other side asked for, if it did.
    """

    def __init__(self, reason: str, *, retry_after_seconds: int = 0) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds
