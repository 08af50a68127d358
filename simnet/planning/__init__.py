"""Shows prompts and estimates costs before a run."""
