"""`python -m tests.tour`, as `make tour` runs it."""

import sys

from tests.tour.cli import main

if __name__ == "__main__":
    sys.exit(main())
