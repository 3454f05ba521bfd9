"""A tour of mistakes: deliberate edits, each with the command that catches it."""
