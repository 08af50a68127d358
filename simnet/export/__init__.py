"""Data sets made from a record."""
