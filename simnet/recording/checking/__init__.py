"""Checks a record: checksums, keys and invariants."""
