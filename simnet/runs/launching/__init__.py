"""Launches a plan: plays the run to its end and makes the tables that follow from it."""
