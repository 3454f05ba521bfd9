"""Entry point of `python -m assembly`."""

import sys

from assembly.cli import main

if __name__ == "__main__":
    sys.exit(main())
