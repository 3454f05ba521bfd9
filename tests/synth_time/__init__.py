"""What the project's own checks add to the time of a synthesis: `python -m tests.synth_time`.

Each synthesis runs in a process of its own, with the checks and without them in turn, so that whatever else the machine
does falls on both alike. No test asserts a time.
"""
