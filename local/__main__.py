"""Entry point of `python -m local`."""

import signal
import sys

from local.cli import main

if __name__ == "__main__":
    # Ended by somebody else's request, a command cleans up as after Ctrl-C: the CDK CLI must not go on alone.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
