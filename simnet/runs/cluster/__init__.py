"""A run and its cluster: what is there, what is installed, how the run joins it."""
