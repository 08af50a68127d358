"""Progress of a run, and the messages that carry it."""
