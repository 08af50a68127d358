"""Decisions of annotators and how they are stored."""
