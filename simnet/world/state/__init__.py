"""What the world holds: posts, ties, attitudes, rooms, and their hash."""
