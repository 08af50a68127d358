"""Surveys that a run puts while it goes on."""
