"""A run in the formats of other tools: graphs, tables, OASIS, SynDisco."""
