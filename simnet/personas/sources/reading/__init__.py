"""Reads files and data sets of personas, and says where they come from."""
