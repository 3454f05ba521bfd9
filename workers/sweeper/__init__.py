"""The function that publishes what stayed in the outbox of notifications."""
