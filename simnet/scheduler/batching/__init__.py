"""When views are sent, and how many at once."""
