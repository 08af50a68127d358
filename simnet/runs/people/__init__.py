"""People who take part in a run: which handles they may take, and how they join."""
