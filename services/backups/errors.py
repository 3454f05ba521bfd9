"""Why a dump or a restore did not succeed."""


class BackupError(Exception):
    """The dump cannot be made, proven or restored; the message says why and quotes no row."""
