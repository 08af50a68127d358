"""Rows of a run on their way to the record."""
