"""Where the parts of a run live: on Ray or in one process, behind one protocol."""
