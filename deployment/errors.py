"""What can go wrong; messages are for people."""


class DeploymentError(Exception):
    """A deployment that was not carried out, or failed; the message says what to do."""

    exit_code = 1


class InputError(DeploymentError):
    """Bad input; the message is one line that says what is allowed or what to type next."""

    exit_code = 2
