"""Content-Type as RFC 9110 has it, whatever is sent in its place."""

import re
from dataclasses import dataclass
from typing import Self

_WORD = r"[!#$%&'+.^_`|~0-9A-Za-z-]+"
_TYPE = re.compile(rf"{_WORD}/{_WORD}")
# A name holds no *: the continued and encoded parameters of mail (RFC 2231) have no place in HTTP.
_PARAMETER = re.compile(rf"[ \t]*;[ \t]*(?:({_WORD})=(?:({_WORD})|\"((?:[^\"\\]|\\.)*)\"))?")


@dataclass(frozen=True, slots=True)
class ContentType:
    """media_type, and charset where one is named: both in lower case."""

    media_type: str
    charset: str | None

    @classmethod
    def parsed(cls, header: str) -> Self | None:
        """None for what is not of this form, or names a parameter twice."""
        header = header.strip(" \t")
        found = _TYPE.match(header)
        if found is None:
            return None
        parameters: dict[str, str] = {}
        end = found.end()
        while end < len(header):
            parameter = _PARAMETER.match(header, end)
            if parameter is None:
                return None
            end = parameter.end()
            name, token, quoted = parameter.groups()
            if name is None:
                continue
            if name.lower() in parameters:
                return None
            parameters[name.lower()] = (token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)).lower()
        return cls(found.group().lower(), parameters.get("charset"))
