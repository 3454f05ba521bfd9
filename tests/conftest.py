"""Settings of the whole test run."""

import os

# The rule engine costs seconds per synthesis; `make security` runs it in each environment, and `tests/gates/` with it.
os.environ.setdefault("CDK_VALIDATION", "false")
