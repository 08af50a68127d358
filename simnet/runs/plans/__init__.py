"""Plans of runs: what a run consists of, its directory and its origin."""
