"""What a run that goes on starts from, and how its rows are compared with those recorded."""
