"""Replies of a run as data sets for fine-tuning."""
