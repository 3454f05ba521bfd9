"""The promise of notifications, kept through faults: on the embedded cloud, with everything real that can be real."""
