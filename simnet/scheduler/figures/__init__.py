"""Figures of a run as rows of tables and for those who watch it from outside."""
