"""What a resumed run or a fork starts from."""

from dataclasses import dataclass, replace

from simnet.clock import Seconds
from simnet.recording.reading.run import Run
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch


@dataclass(frozen=True)
class Continuation:
    """Recorded replies to start with, and the scenarios that the run switches to."""

    run: Run
    """The run whose recorded calls are reused; for a fork the fork itself, which has ancestors."""
    switches: tuple[ScenarioSwitch, ...] = ()

    def located(self) -> "Continuation":
        """Return it with the full path of the run, for a process in another folder."""
        run = self.run
        return replace(self, run=Run(run.path.resolve(), run.manifest))

    @property
    def since(self) -> Seconds:
        """Simulated time in seconds before which rows are in the tables of an ancestor."""
        return self.run.manifest.parent_until or 0.0


def last_scenario(scenario: Scenario, continuation: Continuation | None) -> Scenario:
    """Return the scenario a run ends with."""
    if continuation is None or not continuation.switches:
        return scenario
    return continuation.switches[-1].scenario
