"""Looks ahead of simulated time, and has model calls made early that are likely to be needed."""
