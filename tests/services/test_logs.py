"""What a process writes to its log."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio
from services.logs import configure_logging

def fail():
    raise ValueError("in vain")

async def main():
    asyncio.get_running_loop().call_soon(fail)
    await asyncio.sleep(0)

configure_logging("program", "DEBUG")
asyncio.run(main())
"""


def test_what_is_raised_where_nobody_waits_for_it_is_a_line_of_the_log() -> None:
    done = subprocess.run(  # noqa: S603  # the project's own program
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    (line,) = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    assert (line["level"], line["service"]) == ("ERROR", "program")
    assert "in vain" in line["exception"]
