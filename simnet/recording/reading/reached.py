"""How far the record of a run goes in simulated time."""

from simnet.clock import Seconds
from simnet.recording.reading.run import Run


def reached(run: Run) -> Seconds:
    """Return the time of the last recorded event; 0 without any. Raises RecordError."""
    return max((rows.high for rows in run.slices("events", ["time"])), default=0.0)
