"""Populations made of personas: to target shares, in households."""
