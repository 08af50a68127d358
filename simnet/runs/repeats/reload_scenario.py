"""Makes the scenarios of a recorded run again, from the copies of their files.

This runs Python code that the record names. Commands that only read a record therefore do it only
when the user trusts the record, or names the scenarios (`timeline_named`). A file is imported only
after its checksum fits the manifest.
"""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from simnet.errors import RecordError, UsageError
from simnet.recording.files.manifest import RecordedScenario, read_manifest
from simnet.recording.files.sealed_files import file_inside
from simnet.recording.reading.lineage import lineage
from simnet.recording.reading.run import Run
from simnet.runs.plans.scenario_origin import is_file_name, original_file
from simnet.scenario.files.loading import Loaded, load_scenario
from simnet.scenario.files.modules import importable
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scenario.talks import Talk, with_talks
from simnet.scheduler.continuing.continuation import Continuation


@dataclass(frozen=True)
class ScenarioTimeline:
    """The scenario that a run starts with, those it switches to, and the modules of all."""

    start: Scenario
    """The scenario of the beginning."""
    switches: tuple[ScenarioSwitch, ...] = ()
    """Scenarios that later take its place, in the order of time."""
    modules: tuple[ModuleType, ...] = ()
    """The modules that their code is in."""

    def continuation(self, run: Run) -> Continuation:
        """Return what a resume of `run` starts from."""
        return Continuation(run, self.switches)

    def switched(
        self, switch: ScenarioSwitch, modules: Sequence[ModuleType] = ()
    ) -> "ScenarioTimeline":
        """Return this timeline with one more switch, without those at the same time or later."""
        kept = tuple(earlier for earlier in self.switches if earlier.at < switch.at)
        return ScenarioTimeline(self.start, (*kept, switch), (*self.modules, *modules))


class RecordedCode(NamedTuple):
    """The code that makes the scenario of a run, in a file whose checksum was compared."""

    copy: Path
    """The copy of the scenario's file in the run directory."""
    facts: RecordedScenario
    original: Path | None = None
    """Where its file was when the run began, if this machine knows."""

    def __str__(self) -> str:
        return f"{self.copy}:{self.facts.attribute}"


def recorded_code(run: Run) -> RecordedCode:
    """Find the code of the last scenario of a run; runs nothing and reads no file outside the run.

    Raises UsageError if the record has no scenario that can be made again, RecordError if the copy
    of its file is not the one that the run began with.
    """
    facts = run.manifest.scenario
    if facts is None or facts.file is None or facts.attribute is None:
        why = (facts and facts.not_again) or "its scenario is in no file"
        raise UsageError(
            f"{run.id} was started from Python and its scenario cannot be made again: {why}; give "
            "the scenario: in Python as in simnet.resume(run, scenario) or simnet.fork(run, at, "
            "scenario, before=scenario), to commands that have it with --scenario FILE[:ATTRIBUTE]"
        )
    copy = file_inside(run.path, facts.file)
    if facts.hash != checksum(copy):
        raise RecordError(
            f"{copy} is not what the run began with: its SHA-256 is not the manifest's; put the "
            "file back, or fork the run with the new one"
        )
    return RecordedCode(copy, facts, original_file(run.id, facts))


def generations(run: Run) -> list[Run]:
    """List a run and its ancestors, the oldest first. Raises RecordError if one is missing."""
    ancestors = list(lineage(run.path, run.manifest))
    return [*(Run(path, read_manifest(path)) for path, _ in reversed(ancestors)), run]


def timeline_of(run: Run, report: Callable[[str], None] = lambda _: None) -> ScenarioTimeline:
    """Make the scenarios of a run and of its ancestors again; this runs the code in the record.

    `report` gets a line for each scenario before its code is run. Raises UsageError for a run whose
    scenario cannot be made again, RecordError if a copy was changed or an ancestor is missing.
    """
    said: set[str] = set()

    def report_once(line: str) -> None:
        if line not in said:
            said.add(line)
            report(line)

    return _timeline([(one, reload(one, report_once)) for one in generations(run)])


def timeline_named(run: Run, targets: Sequence[str]) -> ScenarioTimeline:
    """Make the scenarios of a run from targets that the user names, not from the record.

    A fork has one target for each generation, the oldest first. Parameters and seed are the
    recorded ones; so is the attribute if a target has none. Raises UsageError if there are more
    or fewer targets, and what `load_scenario` raises.
    """
    family = generations(run)
    if len(targets) != len(family):
        raise UsageError(
            f"{run.id} has {len(family)} scenarios, as it was forked; name all of them, the oldest "
            f"first, not {len(targets)}: "
            + " ".join(f"--scenario FILE_OF_{one.id}" for one in family)
            if len(family) > 1
            else f"{run.id} has one scenario, not {len(targets)}; give --scenario once"
        )
    return _timeline(
        [(one, _load_named(one, target)) for one, target in zip(family, targets, strict=True)]
    )


def _load_named(run: Run, target: str) -> Loaded:
    facts = run.manifest.scenario
    if facts is not None and facts.attribute is not None and ":" not in target:
        target = f"{target}:{facts.attribute}"
    loaded = load_scenario(target, facts.sets if facts else (), facts.seed if facts else None)
    seed = run.manifest.seed
    scenario = loaded.scenario if seed is None else _seeded(loaded.scenario, seed)
    return replace(loaded, scenario=_with_recorded_talks(scenario, facts))


def _with_recorded_talks(scenario: Scenario, facts: RecordedScenario | None) -> Scenario:
    remembered = facts.remembered if facts else ()
    return with_talks(scenario, [Talk(one.at, one.who, one.lines) for one in remembered])


def _seeded(scenario: Scenario, seed: int) -> Scenario:
    return scenario if scenario.seed == seed else replace(scenario, seed=seed)


def _timeline(loaded: Sequence[tuple[Run, Loaded]]) -> ScenarioTimeline:
    (_, first), *later = loaded
    timeline = ScenarioTimeline(first.scenario, (), first.modules)
    for fork, scenario in later:
        switch = ScenarioSwitch(fork.manifest.parent_until or 0.0, scenario.scenario)
        timeline = timeline.switched(switch, scenario.modules)
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
    return ScenarioTimeline(_seeded(given, seed))


def reload(run: Run, report: Callable[[str], None] = lambda _: None) -> Loaded:
    """Make the last scenario of a run again, without those of its ancestors.

    The original file is used as long as it equals the copy in the run, because data may lie
    beside it. `report` and errors are as in `timeline_of`.
    """
    code = recorded_code(run)
    target = target_of(code)
    report(f"running the code of the scenario: {target}")
    loaded = load_scenario(target, code.facts.sets, code.facts.seed)
    if loaded.source is None or checksum(loaded.source) != code.facts.hash:
        raise RecordError(f"{code.copy}: no scenario came of it")
    return replace(loaded, scenario=_with_recorded_talks(loaded.scenario, code.facts))


def target_of(code: RecordedCode) -> str:
    """Return the target to load: in the original file or module if unchanged, else in the copy."""
    origin, place = code.facts.origin, str(code.copy)
    if code.original is not None:
        if _is_file(code.original) and checksum(code.original) == code.facts.hash:
            place = str(code.original)
    elif origin and not is_file_name(origin) and (file := _file_of_module(origin)) is not None:
        loaded = getattr(sys.modules.get(origin), "__file__", None) or file
        if Path(loaded) == file and checksum(file) == code.facts.hash:
            place = origin
    return f"{place}:{code.facts.attribute}"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no path: too long, or with a null character
        return False


def _file_of_module(name: str) -> Path | None:
    """Find the file of a module without importing it or the packages that it is in."""
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    search: list[str] | None = None
    origin: str | None = None
    with importable(Path.cwd()):
        for end in range(1, len(parts) + 1):
            try:
                spec = PathFinder.find_spec(".".join(parts[:end]), search)
                search = list(spec.submodule_search_locations or ()) if spec else None
            except (ImportError, KeyError, ValueError):  # a namespace in a package not imported
                return None
            if spec is None:
                return None
            origin = spec.origin if spec.has_location else None
    return Path(origin) if origin is not None and _is_file(Path(origin)) else None


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file. Raises RecordError if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error}") from error
