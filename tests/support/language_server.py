"""A language server as an editor talks to it: what it completes, and what it shows of what stands under the cursor."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from constructs_lib.project import PROJECT_ROOT

_COMMAND = (sys.executable, "-c", "from basedpyright.langserver import main; main()", "--", "--stdio")
_CAPABILITIES = {
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {
        "completion": {"completionItem": {"documentationFormat": ["plaintext"]}},
        "hover": {"contentFormat": ["plaintext"]},
    },
}


class LanguageServer:
    """A server that one file is open in."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path, text: str) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._uri = path.as_uri()
        self._text = text
        root = PROJECT_ROOT.as_uri()
        workspace = {"rootUri": root, "workspaceFolders": [{"uri": root, "name": PROJECT_ROOT.name}]}
        self._ask("initialize", {"processId": None, "capabilities": _CAPABILITIES, **workspace})
        self._tell("initialized", {})
        document = {"uri": self._uri, "languageId": "python", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})

    def completions(self, before: str) -> list[str]:
        """Names offered where the cursor is behind that text."""
        found = self._ask("textDocument/completion", self._behind(before))
        items = found["items"] if isinstance(found, dict) else found or []
        return [item["label"] for item in items]

    def shown(self, before: str) -> str:
        """What is shown when the mouse rests on the last letter of that text."""
        found = self._ask("textDocument/hover", self._behind(before[:-1]))
        return str(found["contents"]["value"]) if found else ""

    def _behind(self, before: str) -> dict[str, Any]:
        assert self._text.count(before) == 1
        until = self._text[: self._text.index(before) + len(before)]
        place = {"line": until.count("\n"), "character": len(until.rpartition("\n")[2])}
        return {"textDocument": {"uri": self._uri}, "position": place}

    def _ask(self, method: str, parameters: dict[str, Any]) -> Any:
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            message = self._received()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            if "id" in message:
                # It asks for settings, of which it needs the interpreter, and whether it may show progress.
                items = message.get("params", {}).get("items", ())
                settings = [{"pythonPath": sys.executable} if it.get("section") == "python" else None for it in items]
                self._send({"id": message["id"], "result": settings or None})

    def _tell(self, method: str, parameters: dict[str, Any]) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _received(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


@contextmanager
def editing(path: Path, text: str) -> Iterator[LanguageServer]:
    """A server in which a file with that text is open; it need not be there."""
    with subprocess.Popen(  # noqa: S603  # the development environment's own program
        _COMMAND, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield LanguageServer(process, path, text)
        finally:
            process.kill()
