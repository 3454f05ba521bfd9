"""What a person got wrong."""


class InputError(Exception):
    """Bad input; the message is one line that says what is allowed or what to type next."""
