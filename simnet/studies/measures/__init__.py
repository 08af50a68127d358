"""Measures that are ready to use: each function returns a Measure."""
