"""Behaviours: how a persona decides."""
