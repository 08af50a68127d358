"""One answer per record from many decisions, and the subset that is kept."""
