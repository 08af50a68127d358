"""The commands of `simnet personas`, a file for each."""
