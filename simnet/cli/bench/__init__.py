"""Commands that measure simnet on this machine."""
