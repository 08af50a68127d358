"""Commands that bring runs onto clusters."""
