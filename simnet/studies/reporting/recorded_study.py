"""A study as its folder has it: plan, pre-registration, runs and results."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from simnet.errors import RecordError, SimnetError, UsageError
from simnet.recording.reading.run import Run
from simnet.studies.expectations import Hypothesis, Reference
from simnet.studies.plan_file import check_same_hypotheses
from simnet.studies.results import Results
from simnet.studies.running.code_record import CodeRecord, read_code
from simnet.studies.running.figure_file import UNKNOWN, read_measured
from simnet.studies.running.study_folder import (
    FIGURES,
    PLAN,
    RUNS,
    UNITS,
    Registration,
    read_registration,
)
from simnet.studies.running.unit_run import is_complete
from simnet.studies.study import Study


class MeasureFacts(NamedTuple):
    """What is written down of a measure."""

    name: str
    unit: str = ""
    source: str = ""


class Condition(NamedTuple):
    """One arm with its parameters, by its label."""

    label: str


class RecordedRun(NamedTuple):
    """The run of one arm with one seed, or why there is none."""

    arm: str
    seed: int
    run: Run | None
    problem: str | None
    unmeasured: Mapping[str, str] = MappingProxyType({})
    """The measures without figures of a complete run, and why."""

    @property
    def complete(self) -> bool:
        """Whether the run reached its end."""
        return self.run is not None and is_complete(self.run)


@dataclass(frozen=True)
class RecordedStudy:
    """The plan and the runs of a study folder."""

    path: Path
    name: str
    plan: Mapping[str, Any]
    registration: Registration
    measures: Sequence[MeasureFacts]
    cells: Sequence[Condition]
    hypotheses: Sequence[Hypothesis]
    unregistered: frozenset[str]
    """Names of hypotheses and measures that were added after the pre-registration."""
    references: Sequence[Reference]
    runs: Sequence[RecordedRun]
    code: CodeRecord

    @property
    def arms(self) -> list[str]:
        """The labels of the conditions."""
        return [cell.label for cell in self.cells]

    @property
    def parameters(self) -> Mapping[str, Sequence[object]]:
        """The values of each parameter, as text."""
        return dict(self.plan.get("parameters", {}))

    def results(self) -> Results:
        """Read the results. Raises UsageError if there are none yet."""
        return Results.read(self.path, self)


def read_study(path: Path, study: Study | None = None) -> RecordedStudy:
    """Read a study folder; `study` adds what was declared after the pre-registration.

    Raises UsageError for a folder that holds no study or a hypothesis that was changed,
    RecordError for what cannot be read.
    """
    if not (path / PLAN).is_file():
        raise UsageError(f"{path} holds no study; begin it with: simnet study run")
    registration = read_registration(path)
    plan, content = _json(path / PLAN), registration.content
    try:
        measures = [MeasureFacts(**one) for one in content["measures"]]
        hypotheses = [_hypothesis(one) for one in content["hypotheses"]]
        references = [Reference(**one) for one in content.get("references", ())]
        cells = [Condition(str(label)) for label in plan["cells"]]
        name, seeds = str(plan["study"]), [int(seed) for seed in content["seeds"]]
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path}: its plan or pre-registration is damaged: {error}") from error
    added: set[str] = set()
    if study is not None:
        if registration.intact:
            check_same_hypotheses(str(path), content["hypotheses"], study)
        measured, expected = {one.name for one in measures}, {one.name for one in hypotheses}
        later = [one for one in study.measures if one.name not in measured]
        measures += [MeasureFacts(one.name, one.unit, one.source) for one in later]
        expectations = [one for one in study.hypotheses if one.name not in expected]
        hypotheses += expectations
        added = {*(one.name for one in later), *(one.name for one in expectations)}
        references = list(study.references)
        seeds += [seed for seed in study.seeds if seed not in seeds]
    code = read_code(path)
    latest = code.latest_measures()
    names = {one.name: latest.get(one.name, UNKNOWN) for one in measures}
    runs = list(_runs(path, [cell.label for cell in cells], seeds, names))
    return RecordedStudy(
        path, name, plan, registration, measures, cells, hypotheses, frozenset(added),
        references, runs, code,
    )  # fmt: skip


def _hypothesis(recorded: Mapping[str, Any]) -> Hypothesis:
    fields = {name: value for name, value in recorded.items() if name != "test"}
    than = fields.pop("than", None)
    return Hypothesis(**fields, than=None if than is None else (str(than[0]), str(than[1])))


def _runs(
    path: Path, arms: Sequence[str], seeds: Sequence[int], measures: Mapping[str, str]
) -> Iterator[RecordedRun]:
    noted: dict[tuple[str, int], str] = {}
    for file in sorted((path / UNITS).glob("*.json")):
        unit = _json(file)
        arm, _, number = str(unit["unit"]).rpartition(" seed ")
        name = str(unit["run"])
        if Path(name).name != name:
            raise RecordError(f"{file} names {name!r}, which is no run of the study")
        noted[arm, int(number)] = name
    wanted = dict.fromkeys((arm, seed) for seed in seeds for arm in arms)
    for arm, seed in dict.fromkeys([*wanted, *noted]):
        if (arm, seed) not in noted:
            yield RecordedRun(arm, seed, None, "it has not begun")
            continue
        try:
            run = Run.open(path / RUNS / noted[arm, seed])
        except SimnetError as error:
            yield RecordedRun(arm, seed, None, str(error))
            continue
        if not is_complete(run):
            yield RecordedRun(arm, seed, run, run.manifest.error or f"it is {run.state}")
            continue
        measured = read_measured(path / FIGURES / f"{run.id}.parquet")
        yield RecordedRun(arm, seed, run, None, measured.lacks(measures))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
