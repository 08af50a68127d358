"""Measures and views computed from the tables of runs."""
