"""Models that need no weights: the fake one, and one that answers from a record."""
