"""The page of a report: its parts, and the file they are written to."""
