"""Plans and launches runs: start, resume, fork and replay."""
