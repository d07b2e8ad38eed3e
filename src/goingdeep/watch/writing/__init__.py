"""From what was seen to the run folder."""
