"""The folder of a study: plan, pre-registration, runs, and the figures of each run.

STUDY/
study.json              the plan: arms, parameters, people; read again before a resume
preregistration.json    hypotheses, measures, tests; written before the first run
preregistration.sha256  its checksum
code.json               digests of the code of arms and measures, a new one whenever it was changed
units/<hash>.json       which run belongs to an arm and a seed, a file for each
runs/                   the run directories
figures/<run>.parquet   the figures of a complete run
results.parquet         the figures of all complete runs
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.errors import RecordError, ScenarioError, UsageError, UserCodeError
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.recording.files.manifest import State
from simnet.recording.reading.run import Run
from simnet.runs.plans.demand import NO_MODEL
from simnet.studies.measure import Figure
from simnet.studies.plan_file import (
    check_same_hypotheses,
    check_same_plan,
    digest_of,
    encoded,
    plan_of,
    registration_of,
)
from simnet.studies.running.code_record import CODE, check_same_arms, code_of, read_code
from simnet.studies.running.figure_file import (
    FIGURE_SCHEMA,
    UNKNOWN,
    Measured,
    read_measured,
    write_figures,
    write_table,
)
from simnet.studies.study import Study, Unit

PLAN = "study.json"
REGISTRATION = "preregistration.json"
CHECKSUM = "preregistration.sha256"
UNITS = "units"
RUNS = "runs"
FIGURES = "figures"
RESULTS = "results.parquet"

RESULT_SCHEMA = pa.schema(
    [
        ("study", pa.string()),
        ("arm", pa.string()),
        ("parameters", pa.string()),
        ("seed", pa.int64()),
        *FIGURE_SCHEMA,
    ]
)
"""The tidy table of results; `arm` is the arm's label, `parameters` are JSON."""


class Registration(NamedTuple):
    """The pre-registration of a study folder."""

    content: Mapping[str, Any]
    digest: str
    intact: bool
    """Whether the file still has the checksum that was written with it."""


def read_registration(path: Path) -> Registration:
    """Read the pre-registration of a study folder. Raises RecordError if it is gone."""
    content = _read_json(path / REGISTRATION)
    try:
        written = (path / CHECKSUM).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise RecordError(f"{path / CHECKSUM}: {error.strerror}") from error
    digest = digest_of(content)
    return Registration(content, digest, digest == written)


class StudyFolder:
    """Reads and writes the folder of one study."""

    def __init__(self, path: Path, study: Study, disk: Disk | None = None) -> None:
        self.path = path
        self.study = study
        self.runs = path / RUNS
        self._disk = disk or Disk()

    @classmethod
    def made(cls, path: Path, study: Study) -> "StudyFolder":
        """Make the folder with plan and pre-registration, or open it if it has this plan.

        Raises UsageError for a folder of another plan, a hypothesis that was changed, and a folder
        that is no study's.
        """
        folder = cls(path, study)
        if folder._is_begun():
            return folder
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(f"{path} holds no study and is no empty folder; choose another --out")
        with disk_errors(f"making the study folder {path}"):
            for one in (path, folder.runs, path / FIGURES, path / UNITS):
                one.mkdir(parents=True, exist_ok=True)
            registration = registration_of(study)
            write = write_atomically
            write(folder._disk, path / REGISTRATION, encoded(registration))
            write(folder._disk, path / CHECKSUM, f"{digest_of(registration)}\n".encode())
            write(folder._disk, path / PLAN, encoded(plan_of(study)))
        return folder

    @classmethod
    def opened(cls, path: Path, study: Study) -> "StudyFolder":
        """Open the folder of a study that has begun. Raises UsageError if there is none."""
        folder = cls(path, study)
        if not folder._is_begun():
            raise UsageError(f"{path} holds no study; begin it with: simnet study run")
        return folder

    def _is_begun(self) -> bool:
        plan = self.path / PLAN
        if not plan.is_file():
            return False
        check_same_plan(str(self.path), _read_json(plan), self.study)
        registration = self.registration()
        if registration.intact:  # else that is what has to be told
            check_same_hypotheses(str(self.path), registration.content["hypotheses"], self.study)
        return True

    def registration(self) -> Registration:
        """Read the pre-registration. Raises RecordError if it is gone."""
        return read_registration(self.path)

    # -- code ------------------------------------------------------------------------------------

    def take_code(self, waiting: Collection[str], *, force: bool) -> None:
        """Write down by which code the study goes on, before a run goes on or is measured.

        `waiting` are the arms that lack runs. Raises UsageError if the code of one of them that has
        runs has changed, unless `force` allows it. Runs that failed in code that has changed since
        are run again, unless the arm has others.
        """
        before, now = read_code(self.path), code_of(self.study, waiting)
        kept = self._kept_arms()
        later = before.with_later(now, kept)
        if not force:
            check_same_arms(str(self.path), before, later)
        for unit in self.study.units:
            arm = unit.cell.label
            if arm not in kept and before.arms.get(arm) != later.arms.get(arm):
                with disk_errors(f"removing {self._file_of(unit)}"):
                    self._file_of(unit).unlink(missing_ok=True)
        with disk_errors(f"writing {self.path / CODE}"):
            write_atomically(self._disk, self.path / CODE, encoded(later._asdict()))

    def _kept_arms(self) -> set[str]:
        """List the arms with a run that did not fail in their code, and those they are forks of."""
        kept = set()
        for unit in self.study.units:
            run, parent = self.run_of(unit), self.study.parent_of(unit)
            if run is not None and not failed_in_code(run):
                kept |= {one.cell.label for one in (unit, parent) if one is not None}
        return kept

    @cached_property
    def _measures(self) -> dict[str, str]:
        """The measures of the study with the digest of the code that they have for this folder."""
        code = read_code(self.path).latest_measures()
        return {one.name: code.get(one.name, UNKNOWN) for one in self.study.measures}

    # -- units -----------------------------------------------------------------------------------

    def note(self, unit: Unit, run_id: str) -> None:
        """Write down, durably, which run is that of a unit."""
        content = encoded({"unit": unit.key, "run": run_id})
        with disk_errors(f"writing {self._file_of(unit)}"):
            write_atomically(self._disk, self._file_of(unit), content)

    def _file_of(self, unit: Unit) -> Path:
        name = hashlib.sha256(unit.key.encode()).hexdigest()[:16]
        return self.path / UNITS / f"{name}.json"

    def run_of(self, unit: Unit) -> Run | None:
        """Open the run of a unit, or return None if it has not begun.

        Raises RecordError if its directory is gone.
        """
        file = self._file_of(unit)
        if not file.is_file():
            return None
        name = _read_json(file)["run"]
        if not (self.runs / name).is_dir():
            raise RecordError(
                f"{self.runs / name}, the run of {unit.key}, is gone; put it back, or remove "
                f"{file} to have it run again"
            )
        return Run.open(self.runs / name)

    @cached_property
    def asking_run(self) -> Run | None:
        """The first run whose personas ask a model; None if none had begun at the first look."""
        runs = (self.run_of(unit) for unit in self.study.units)
        return next((run for run in runs if run is not None and _asks(run)), None)

    def check_backend(self, backend: str | None) -> None:
        """Raise UsageError if the runs that have begun have replies of another backend."""
        if self.asking_run is None or backend is None:
            return
        facts = self.asking_run.manifest.model
        if facts is not None and facts.backend not in {None, backend}:
            raise UsageError(
                f"the runs in {self.path} have replies of the backend {facts.backend!r}, not "
                f"{backend!r}; name none to go on with it, or give the study another folder "
                "with --out"
            )

    # -- figures ---------------------------------------------------------------------------------

    def measure(self, run: Run) -> None:
        """Apply the measures of the study to a run and write the figures of those that succeed.

        Raises ScenarioError, naming each measure that fails.
        """
        figures: dict[str, list[Figure]] = {}
        failures: dict[str, ScenarioError] = {}
        for one in self.study.measures:
            try:
                figures[one.name] = one.of(run)
            except ScenarioError as error:
                failures[one.name] = error
        reasons = {name: _reason(error, name, run) for name, error in failures.items()}
        code = {name: digest for name, digest in self._measures.items() if name in figures}
        write_figures(self._disk, self._figures_of(run), figures, Measured(code, reasons))
        if failures:
            first = next(iter(failures.values()))
            raise ScenarioError("; ".join(map(str, failures.values()))) from first

    def _figures_of(self, run: Run) -> Path:
        return self.path / FIGURES / f"{run.id}.parquet"

    def figures(self, run: Run) -> pa.Table | None:
        """Read the figures of a run; None if it was not measured."""
        path = self._figures_of(run)
        return pq.read_table(path) if path.is_file() else None

    def unmeasured(self, run: Run) -> dict[str, str]:
        """Say which measures of the study have not been applied to a run with success, and why."""
        return read_measured(self._figures_of(run)).lacks(self._measures)

    def write_results(self, rows: Iterable[tuple[Unit, pa.Table]]) -> pa.Table:
        """Write the table of results, in the order of the study, and return it."""
        names = [measure.name for measure in self.study.measures]
        parts = [_result_rows(self.study.name, unit, table, names) for unit, table in rows]
        results = pa.concat_tables([RESULT_SCHEMA.empty_table(), *parts])
        write_table(self._disk, self.path / RESULTS, results)
        return results


def failed_in_code(run: Run) -> bool:
    """Whether a run ended because code of its arm raised or returned what it may not."""
    manifest = run.manifest
    ended_by = (manifest.error or "").partition(":")[0]
    return manifest.state is State.FAILED and ended_by == UserCodeError.__name__


def _asks(run: Run) -> bool:
    facts = run.manifest.model
    return bool(run.manifest.models) or (facts is not None and facts.name != NO_MODEL)


def _result_rows(study: str, unit: Unit, table: pa.Table, names: Sequence[str]) -> pa.Table:
    rows = [row for name in names for row in table.to_pylist() if row["measure"] == name]
    facts = {
        "study": study,
        "arm": unit.cell.label,
        "parameters": json.dumps(dict(unit.cell.parameters), default=str),
        "seed": unit.seed,
    }
    return pa.Table.from_pylist([{**facts, **row} for row in rows], schema=RESULT_SCHEMA)


def _reason(error: ScenarioError, measure: str, run: Run) -> str:
    """Say why a measure failed, without the names of measure and run."""
    return str(error).removeprefix(f"measure {measure} of run {run.id}").removeprefix(":").strip()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
