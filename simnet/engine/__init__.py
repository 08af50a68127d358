"""The heap of simulated time, and where its parts run."""
