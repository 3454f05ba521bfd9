"""`python -m config.listing [SYSTEM|all]`: the names of environments, such as `notifications/dev`, a line each."""

import sys
from collections.abc import Sequence

from config.load import environments_of, system_names
from config.problems import ConfigError

_ALL = "all"
_BAD_INPUT = 2


def main(arguments: Sequence[str]) -> int:
    """Print the environments of the systems that are named, of all without a name; returns the exit code."""
    try:
        for system in system_names() if _ALL in arguments or not arguments else arguments:
            for environment in environments_of(system):
                print(f"{system}/{environment}")
    except ConfigError as error:
        print(f"groundwork: {error}", file=sys.stderr)
        return _BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
