"""The commands of `simnet export`, a file for each kind."""
