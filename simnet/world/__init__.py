"""Everything that is true on the platform; pure."""
