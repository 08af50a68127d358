"""Drives one kernel: views out in batches, decisions in, rows to the record."""
