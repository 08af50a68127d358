"""Data sets made from the record of a run."""
