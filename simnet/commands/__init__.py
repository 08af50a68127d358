"""What each command of the command line does. Heavy imports are inside functions."""
