"""Prompts in, completions out; knows nothing of simulations."""
