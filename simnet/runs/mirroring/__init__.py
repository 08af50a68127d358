"""The copy of a record in an object store: kept by a process, and brought back."""
