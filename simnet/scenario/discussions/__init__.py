"""Discussions: rooms in which people speak one after the other, many in one run."""
