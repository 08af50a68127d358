"""Scenarios, texts and news from files."""
