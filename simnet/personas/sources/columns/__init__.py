"""Reads and maps the columns of tables."""
