"""Behaviours: functions that decide what a persona does."""
