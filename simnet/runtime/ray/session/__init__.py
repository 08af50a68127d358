"""The connection of this process to Ray: to a cluster, or to one that it starts here."""
