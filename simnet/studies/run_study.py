"""Runs a study from Python: `run_study`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from simnet.errors import SimnetError, UsageError
from simnet.foundation.arguments import checked
from simnet.inference.backend import Backend
from simnet.report import Report as WrittenReport
from simnet.runs.options.options import (
    NO_ADAPTERS,
    NO_ENGINE,
    NO_KEPT,
    NO_MODELS,
    ModelChoice,
    ModelOptions,
    RunOptions,
)
from simnet.runs.plans.demand import asks_any_model
from simnet.studies.results import Results
from simnet.studies.running.execution import execute
from simnet.studies.running.parallel import Ended
from simnet.studies.running.study_folder import RUNS
from simnet.studies.study import Study, Unit
from simnet.studies.study_report import report_study


class StudyRun(NamedTuple):
    """A study that was run, as far as that went."""

    folder: Path
    """The folder of the study."""
    results: Results
    """Of all runs that are complete."""
    complete: int
    """Number of runs that are complete and measured by all measures."""
    failures: Mapping[str, SimnetError]
    """The errors of the runs and measures that failed, by arm and seed; the same call tries them
    again."""
    study: Study
    """What was run."""

    def report(self, out: Path | str | None = None, *, figures: bool = True) -> WrittenReport:
        """Write the report of this study; see `simnet.studies.report_study`."""
        return report_study(self.folder, out, figures=figures, study=self.study)


def _silent(_unit: Unit, _error: SimnetError | None) -> None:
    """Do nothing."""


@checked
def run_study(
    study: Study,
    out: Path | str,
    *,
    model: ModelChoice | None = None,
    models: Mapping[str, ModelChoice] = NO_MODELS,
    backend: str | None = None,
    base_url: str | None = None,
    adapters: Mapping[str, Path | str] = NO_ADAPTERS,
    engine: Mapping[str, Any] = NO_ENGINE,
    deadline: float | None = None,
    engines: str | Mapping[str, str] = NO_KEPT,
    ray: bool | None = None,
    address: str | None = None,
    processes: int = 1,
    parallel: int = 1,
    on_error: str | None = None,
    force: bool = False,
    report: Ended = _silent,
) -> StudyRun:
    """Run what a study lacks and measure it; the same call goes on where an earlier one ended.

    The folder `out` is made, or is that of this study. Models and places are as in `simnet.run`
    and the same for all runs; a model object serves one run only, so give a name or a Backend.
    With `parallel` above 1 so many runs go on at once on the same engines, which are started once;
    with `processes` above 1 each has a process of its own, without Ray. Results depend on neither.
    A run that fails is in `failures`, and the study goes on
    with the others. `report` is called after each run.

    Raises UsageError for a folder of another study or, without `force`, of an arm whose code has
    changed since its runs began, RecordError while another process runs it,
    StoppedError, with an exit code, after a signal: what is complete stays.
    """
    chosen = ModelOptions(
        model=model,
        models=models,
        backend=backend,
        base_url=base_url,
        adapters=adapters,
        engine=engine,
        deadline=deadline,
        engines=engines,
    )
    path = Path(out).expanduser()
    options = RunOptions(
        models=chosen, out=path / RUNS, ray=ray, address=address, on_error=on_error
    )
    if not all(isinstance(one, str | Backend | None) for one in (model, *models.values())):
        raise UsageError(
            "a model object serves one run, and a study has several; give the name of a model, "
            "backend=, or a Backend, which makes a model for each run"
        )
    check_at_once(study, processes, parallel, options)
    outcome = execute(
        path, study, options, processes=processes, parallel=parallel, force=force, report=report
    )
    results = Results(study, outcome.results)
    return StudyRun(path, results, outcome.measured, outcome.failures, study)


def check_at_once(study: Study, processes: int, parallel: int, options: RunOptions) -> None:
    """Raise UsageError for a number of runs at once that is none or that models do not allow."""
    for name, count in (("processes", processes), ("parallel", parallel)):
        if count < 1:
            raise UsageError(f"{name}={count}: give 1 or more")
    if processes > 1 and parallel > 1:
        raise UsageError(
            f"processes={processes} and parallel={parallel}: give one of them; processes for runs "
            "that ask no model or a fake one, parallel for runs on the same engines"
        )
    served_here = (
        options.models.backend in {None, "vllm"}
        and isinstance(options.models.model, str | None)
        and any(asks_any_model(cell.scenario) for cell in study.cells)
    )
    if processes > 1 and (served_here or options.ray or options.cluster_address is not None):
        raise UsageError(
            f"processes={processes}: runs in processes of their own share no engine and no Ray; "
            f"use parallel={processes}, whose runs do, or backend='fake', or backend='openai' and "
            "a server such as `vllm serve`, or scenarios that ask no model and ray=False"
        )
