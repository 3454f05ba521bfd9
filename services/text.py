"""Which text the queue and the database can both hold."""

import re

from pydantic_core import PydanticCustomError

# SQS accepts #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF (SendMessage in its API
# reference) and refuses the whole message otherwise. PostgreSQL refuses NUL and lone surrogates, both outside it.
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def portable(text: str) -> str:
    """Returns the text unchanged. Raises PydanticCustomError naming the first character that cannot be stored."""
    if refused := _REFUSED.search(text):
        raise PydanticCustomError(
            "unportable_character",
            "character U+{code} at position {position} cannot be sent: control characters other than tab and "
            "line breaks, surrogates, U+FFFE and U+FFFF are not allowed",
            {"code": f"{ord(refused.group()):04X}", "position": refused.start() + 1},
        )
    return text


def single_line(text: str) -> str:
    """Returns the text unchanged. Raises PydanticCustomError if it holds a line break or a tab."""
    if any(each in text for each in "\n\r\t"):
        raise PydanticCustomError("single_line", "must be one line without tabs")
    return text


def excerpt(text: str, most_characters: int) -> str:
    """The beginning of a text of unknown origin, without what cannot be stored."""
    return _REFUSED.sub("?", text[:most_characters])
