"""Makes the scenario of a recorded run again, and finds what a run goes on from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from simnet.errors import RecordError, SimnetError, UsageError
from simnet.recording.files.manifest import ScenarioFacts, read_manifest
from simnet.recording.files.sealed_files import path_inside
from simnet.recording.reading.lineage import lineage
from simnet.recording.reading.run import Run
from simnet.scenario.loading import Loaded, load_scenario
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.continuation import Continuation


@dataclass(frozen=True)
class ScenarioTimeline:
    """The scenario a run begins with and those it changes to, with the modules they are from."""

    start: Scenario
    switches: tuple[ScenarioSwitch, ...] = ()
    modules: tuple[ModuleType, ...] = ()

    def continuation(self, run: Run) -> Continuation:
        """Return what `run` goes on from."""
        return Continuation(run, self.switches)

    def at(self, switch: ScenarioSwitch, modules: Sequence[ModuleType] = ()) -> "ScenarioTimeline":
        """Return the course that leaves this one at a switch."""
        kept = tuple(one for one in self.switches if one.at < switch.at)
        return ScenarioTimeline(self.start, (*kept, switch), (*self.modules, *modules))


def timeline_of(run: Run) -> ScenarioTimeline:
    """Make the scenarios of a run and of its ancestors again, from the copies of their files.

    Raises UsageError for a run that was started from Python, RecordError when a copy is not
    what it was or an ancestor is missing.
    """
    ancestors = list(lineage(run.path, run.manifest))
    forks = [Run(path, read_manifest(path)) for path, _ in ancestors]
    first, *later = [*reversed(forks), run]
    loaded = reload(first)
    timeline = ScenarioTimeline(loaded.scenario, (), loaded.modules)
    for fork in later:
        loaded = reload(fork)
        switch = ScenarioSwitch(fork.manifest.parent_until or 0.0, loaded.scenario)
        timeline = timeline.at(switch, loaded.modules)
    return timeline


def reload(run: Run) -> Loaded:
    """Make the scenario of a run again; what its ancestors ran is another matter.

    The original file is taken as long as it is the same as its copy in the run, because data
    may lie beside it. Raises as `timeline_of` does.
    """
    facts = run.manifest.scenario
    if facts is None or facts.file is None or facts.attribute is None:
        raise UsageError(
            f"{run.id} was started from Python and its scenario is in no file; name the scenario, "
            "as in simnet.resume(run, scenario) or simnet.replay(run, scenario)"
        )
    copy = path_inside(run.path, facts.file)
    if facts.hash != checksum(copy):
        raise RecordError(
            f"{copy} is not what the run began with: its SHA-256 is not the manifest's; put the "
            "file back, or fork the run with the new one"
        )
    for place in _places(facts, copy):
        loaded = load_scenario(f"{place}:{facts.attribute}", facts.sets, facts.seed)
        if loaded.source is not None and checksum(loaded.source) == facts.hash:
            return loaded
    raise RecordError(f"{copy}: no scenario came of it")


def _places(facts: ScenarioFacts, copy: Path) -> list[str]:
    """List where the scenario may be: where it was, if it is still the same, and its copy."""
    origin = facts.origin
    if origin is None:
        return [str(copy)]
    if Path(origin).suffix == ".py":
        same = Path(origin).is_file() and checksum(Path(origin)) == facts.hash
        return [origin if same else str(copy)]
    return [origin, str(copy)] if _can_be_loaded(origin, facts) else [str(copy)]


def _can_be_loaded(module: str, facts: ScenarioFacts) -> bool:
    try:
        load_scenario(f"{module}:{facts.attribute}", facts.sets, facts.seed)
    except SimnetError:
        return False
    return True


def checksum(path: Path) -> str:
    """Sum a file up: its SHA-256. Raises RecordError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error
