"""Commands that put questions to a run."""
