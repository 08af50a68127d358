"""Agents: what a persona sees in its prompt, what it remembers, how it decides."""
