"""Feeds: sources find posts, rankings score them, a view is what one member sees of them."""
