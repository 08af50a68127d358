"""Runs the parts of a run on Ray or in one process, behind one protocol."""
