"""Handles for personas, and tables of ids that need little memory."""
