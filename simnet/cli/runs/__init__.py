"""Commands that start, read and check runs."""
