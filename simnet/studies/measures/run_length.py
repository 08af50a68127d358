"""How long a run went on, in simulated time."""

import pyarrow.compute as pc

from simnet.clock import Seconds
from simnet.recording.files.manifest import State
from simnet.recording.reading.run import Run


def end_of(run: Run) -> Seconds:
    """Return the end of the scenario, or the last event of a run that did not reach it.

    Records of older versions do not say how long a run lasts; theirs end with the last event too.
    """
    facts = run.manifest.scenario
    if run.manifest.state is State.COMPLETED and facts is not None and facts.lasts is not None:
        return facts.lasts
    last = pc.max(run.read("events")["time"]).as_py()
    return 0.0 if last is None else float(last)
