"""Where Ray is: actors, the proxies that stand for them, placement and supervision."""
