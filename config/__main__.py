"""Entry point of `python -m config`."""

import signal
import sys

from config.cli import main

if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):
        # A reader such as `head` that has seen enough ends the command, without a word.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
