"""Several model servers that answer as one."""
