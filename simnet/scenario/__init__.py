"""Scenarios: who takes part, when they wake, what happens."""
