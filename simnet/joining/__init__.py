"""People who take the turns of personas in a run: the desk, its service, and the client."""
