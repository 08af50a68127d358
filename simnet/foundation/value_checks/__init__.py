"""What arguments have to be, and what to write in place of a wrong one."""
