"""Makes the scenarios of a recorded run again, from the copies of their files."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    """The scenario that a run starts with, those it switches to, and the modules of all."""

    start: Scenario
    switches: tuple[ScenarioSwitch, ...] = ()
    modules: tuple[ModuleType, ...] = ()

    def continuation(self, run: Run) -> Continuation:
        """Return what a resume of `run` starts from."""
        return Continuation(run, self.switches)

    def switched(
        self, switch: ScenarioSwitch, modules: Sequence[ModuleType] = ()
    ) -> "ScenarioTimeline":
        """Return this timeline with one more switch, without those at the same time or later."""
        kept = tuple(earlier for earlier in self.switches if earlier.at < switch.at)
        return ScenarioTimeline(self.start, (*kept, switch), (*self.modules, *modules))


def timeline_of(run: Run) -> ScenarioTimeline:
    """Make the scenarios of a run and of its ancestors again.

    Raises UsageError for a run that was started from Python, RecordError if a copy was changed
    or an ancestor is missing.
    """
    ancestors = list(lineage(run.path, run.manifest))
    forks = [Run(path, read_manifest(path)) for path, _ in ancestors]
    first, *later = [*reversed(forks), run]
    loaded = reload(first)
    timeline = ScenarioTimeline(loaded.scenario, (), loaded.modules)
    for fork in later:
        loaded = reload(fork)
        switch = ScenarioSwitch(fork.manifest.parent_until or 0.0, loaded.scenario)
        timeline = timeline.switched(switch, loaded.modules)
    return timeline


def timeline_from(run: Run, given: Scenario | ScenarioTimeline | None) -> ScenarioTimeline:
    """Return the scenarios of a run as given, a single one with the recorded seed, or reload them.

    Raises what `timeline_of` raises.
    """
    if given is None:
        return timeline_of(run)
    if isinstance(given, ScenarioTimeline):
        return given
    seed = run.manifest.seed
    if seed is None or run.manifest.parent is not None:
        return ScenarioTimeline(given)
    return ScenarioTimeline(replace(given, seed=seed))


def reload(run: Run) -> Loaded:
    """Make the last scenario of a run again, without those of its ancestors.

    The original file is used as long as it equals the copy in the run, because data may lie
    beside it. Raises what `timeline_of` raises.
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
    for target in _targets(facts, copy):
        loaded = load_scenario(f"{target}:{facts.attribute}", facts.sets, facts.seed)
        if loaded.source is not None and checksum(loaded.source) == facts.hash:
            return loaded
    raise RecordError(f"{copy}: no scenario came of it")


def _targets(facts: ScenarioFacts, copy: Path) -> list[str]:
    """List where to load the scenario from: its origin, if that is unchanged, and its copy."""
    origin = facts.origin
    if origin is None:
        return [str(copy)]
    if Path(origin).suffix == ".py":
        unchanged = Path(origin).is_file() and checksum(Path(origin)) == facts.hash
        return [origin if unchanged else str(copy)]
    return [origin, str(copy)] if _can_be_loaded(origin, facts) else [str(copy)]


def _can_be_loaded(module: str, facts: ScenarioFacts) -> bool:
    try:
        load_scenario(f"{module}:{facts.attribute}", facts.sets, facts.seed)
    except SimnetError:
        return False
    return True


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file. Raises RecordError if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error
