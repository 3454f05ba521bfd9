"""Entry point of `python -m tests.conformance`."""

import sys

from tests.conformance.cli import main

if __name__ == "__main__":
    sys.exit(main())
