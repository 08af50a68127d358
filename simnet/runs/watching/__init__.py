"""Watches a run while it goes on: signals, stalls, faults of display, experiment trackers."""
