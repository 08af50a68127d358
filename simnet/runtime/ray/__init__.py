"""All that uses Ray: actors, proxies for them, placement and supervision of engines."""
