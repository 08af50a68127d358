"""Jobs of cluster schedulers that run a scenario: scripts of Slurm and resources of Kubernetes."""
