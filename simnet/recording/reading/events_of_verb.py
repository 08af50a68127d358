"""The events of one verb, read from a record."""

from collections.abc import Iterator

import pyarrow.compute as pc

from simnet.recording.reading.run import Run
from simnet.world.events import Event


def events_of_verb(run: Run, verb: str) -> Iterator[Event]:
    """Yield the events of a verb, a slice of the table at a time."""
    for rows in run.batches("events", Event._fields):
        for row in rows.filter(pc.field("verb") == verb).to_pylist():
            yield Event(**row | {"marks": tuple(row["marks"]), "shown": tuple(row["shown"])})
