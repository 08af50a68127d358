"""What a scenario will do, before it runs: turns, ties, doubts."""
