"""The engines of a run on Ray: where they are placed, their actors and who restarts them."""
