"""What a user may choose about a run, and where these choices come from."""
