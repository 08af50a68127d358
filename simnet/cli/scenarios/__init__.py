"""Commands on scenarios that have not run."""
