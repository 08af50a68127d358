"""Before a run: what a prompt looks like and what a run will cost."""
