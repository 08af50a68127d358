"""Workloads that measure simnet on a machine, and the comparison of two measurements."""
