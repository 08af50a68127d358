"""Numbers: a logarithm and hashes that are equal on every machine, and numbers in texts."""
