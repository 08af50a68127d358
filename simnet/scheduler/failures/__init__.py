"""What failed calls and failed code of the user mean for a run."""
