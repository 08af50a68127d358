"""Reads a record: tables (of a fork: with the rows of its ancestors), prompts and replies."""
