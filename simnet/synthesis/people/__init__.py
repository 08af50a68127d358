"""Personas made by a model."""
