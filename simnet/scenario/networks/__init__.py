"""Builders of networks; `simnet.networks` offers them."""
