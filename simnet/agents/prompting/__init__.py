"""Builds prompts, and shortens them until they fit the model."""
