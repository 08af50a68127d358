"""The life of a run: planned, started, resumed, forked, replayed; the Python API."""
