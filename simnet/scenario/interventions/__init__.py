"""Interventions: what is changed from outside while a scenario goes on."""
