"""`python -m local.emulator`: run the cloud in the foreground until SIGTERM or SIGINT."""

import os
import sys

from local.emulator import environment, folders
from local.emulator.options import parse
from local.emulator.ports import is_free
from local.errors import InputError, LocalError


def main() -> int:
    """Check what was asked for, prepare folder and environment, and serve. Returns the exit status."""
    try:
        options = parse(sys.argv[1:])
        if not is_free(options.port):
            raise InputError(f"port {options.port} is taken; stop what listens there or choose another with --port")
        with folders.owned(options):
            os.environ.clear()
            os.environ.update(environment.for_emulator(options, _operator))
            environment.write_trust_bundle(options)
            # Only now: the emulator's modules read the environment while they load.
            from local.emulator.server import serve  # noqa: PLC0415

            serve(options)
    except LocalError as error:
        print(f"emulator: {error}", file=sys.stderr)
        return error.exit_code
    return 0


_operator = dict(os.environ)

if __name__ == "__main__":
    sys.exit(main())
