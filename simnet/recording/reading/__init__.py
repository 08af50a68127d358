"""Reads a record: tables, those of a fork with its past, prompts and replies."""
