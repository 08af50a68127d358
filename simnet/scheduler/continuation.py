"""What a run that goes on with another's record, or with its own, starts from."""

from dataclasses import dataclass

from simnet.clock import Seconds
from simnet.recording.reading.run import Run
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch


@dataclass(frozen=True)
class Continuation:
    """Recorded replies to begin with, and how the scenario changes on the way."""

    run: Run
    """The run whose calls are not made again; in a fork that is the fork, by its ancestors."""
    changes: tuple[ScenarioSwitch, ...] = ()

    @property
    def since(self) -> Seconds:
        """Simulated time before which rows are in an ancestor's tables."""
        return self.run.manifest.parent_until or 0.0


def last_scenario(scenario: Scenario, continuation: Continuation | None) -> Scenario:
    """Return the scenario a run ends with."""
    return continuation.changes[-1].scenario if continuation and continuation.changes else scenario
