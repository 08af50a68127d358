"""Texts written by a model as personas would."""
