"""The commands that bring records up to an object store and back."""
