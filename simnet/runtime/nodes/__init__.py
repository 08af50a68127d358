"""What the nodes of a cluster have, and what is wanted of them; knows nothing of Ray."""
