"""Checks a record: checksums, unique keys and invariants of its rows."""
