"""`python -m gates.security`."""

import sys

from gates.security.command import main

if __name__ == "__main__":
    sys.exit(main())
