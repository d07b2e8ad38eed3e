"""The close look at one step: every operation with its numbers."""
