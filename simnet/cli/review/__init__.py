"""The commands of `simnet review`."""
