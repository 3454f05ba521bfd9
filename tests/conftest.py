"""Settings of the whole test run."""

import os

# The rule engine costs seconds per synthesis; `tests/stacks/test_validation.py` runs it once per environment.
os.environ.setdefault("CDK_VALIDATION", "false")
