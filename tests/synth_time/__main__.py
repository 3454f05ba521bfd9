"""Entry point of `python -m tests.synth_time`."""

import argparse
import sys

from tests.support.synth import all_environments
from tests.synth_time.measure import SynthesisError, heading, line, measure


def main(arguments: list[str] | None = None) -> int:
    """Print the table; returns the exit code: 0 measured, 2 bad input, 1 a synthesis that failed."""
    known = {"/".join(name): name for name in all_environments()}
    parser = argparse.ArgumentParser(prog="python -m tests.synth_time", description=__doc__)
    parser.add_argument("environments", nargs="*", metavar="SYSTEM/ENV", help="default: all")
    parser.add_argument("--repetitions", type=int, default=5, metavar="N", help="of each way (default: 5)")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.environments if name not in known]:
        parser.error(f"no such environment: {', '.join(unknown)}; allowed: {', '.join(known)}")
    if options.repetitions < 1:
        parser.error(f"--repetitions {options.repetitions}; allowed: 1 and more")
    names = [known[name] for name in options.environments] or list(known.values())
    print(f"medians of {options.repetitions} syntheses each, with the project's checks and without, in turn;")
    print("what is added, by the clock and, steadier on a busy machine, by the processor time of Python")
    print(heading(), flush=True)
    try:
        for name, times in measure(names, options.repetitions):
            print(line(name, times), flush=True)
    except SynthesisError as error:
        print(f"synth-time: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
