"""`simnet study run` and `simnet study resume` run what a study lacks and measure it."""

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.cluster_options import Address, Engines, read_engines
from simnet.cli.option_groups import expand_groups
from simnet.cli.options import AsJson, ModelFlags, OnError, UseRay
from simnet.cli.output import print_error, print_json
from simnet.cli.studies.opening import Out, StudyTarget, completeness, folder_of, load_study
from simnet.cli.studies.results import print_results
from simnet.foundation.text import counted, visible

if TYPE_CHECKING:
    from simnet.errors import SimnetError
    from simnet.studies.study import Study, Unit

Processes = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="N",
        help="Run so many at once, each in a process of its own; needs no engine of vLLM.",
    ),
]

Parallel = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="N",
        help="Run so many at once on the same engines, which are started once.",
    ),
]


ForceCode = Annotated[
    bool,
    typer.Option("--force", help="Go on with code of arms that has changed since runs began."),
]


@dataclass(frozen=True, kw_only=True)
class StudyFlags:
    """The options of running a study, but for its models."""

    out: Out = None
    parallel: Parallel = 1
    processes: Processes = 1
    ray: UseRay = None
    on_error: OnError = None
    force: ForceCode = False
    as_json: AsJson = False
    address: Address = None
    engines: Engines = None


@expand_groups
def run(target: StudyTarget, models: ModelFlags, flags: StudyFlags) -> None:
    """Run each arm with each seed and compare them; goes on where an earlier call ended."""
    study = load_study(target)
    _run(target, study, folder_of(study, flags.out), models, flags)


@expand_groups
def resume(target: StudyTarget, models: ModelFlags, flags: StudyFlags) -> None:
    """Run what a study that has begun still lacks; like `run`, but never begins one."""
    from simnet.studies.running.study_folder import StudyFolder  # noqa: PLC0415

    study = load_study(target)
    path = folder_of(study, flags.out)
    StudyFolder.opened(path, study)
    _run(target, study, path, models, flags)


def _run(target: str, study: "Study", path: Path, models: ModelFlags, flags: StudyFlags) -> None:
    from simnet.runs.options.options import RunOptions  # noqa: PLC0415
    from simnet.studies.reporting.recorded_study import read_study  # noqa: PLC0415
    from simnet.studies.results import Results  # noqa: PLC0415
    from simnet.studies.run_study import check_at_once  # noqa: PLC0415
    from simnet.studies.running.execution import execute  # noqa: PLC0415
    from simnet.studies.running.study_folder import RUNS  # noqa: PLC0415

    options = RunOptions(
        models=replace(models.read(), engines=read_engines(flags.engines or ())),
        out=path / RUNS,
        ray=flags.ray,
        on_error=flags.on_error,
        address=flags.address,
    )
    check_at_once(study, flags.processes, flags.parallel, options)
    lines = _Lines(len(study.units))
    outcome = execute(
        path,
        study,
        options,
        processes=flags.processes,
        parallel=flags.parallel,
        force=flags.force,
        begin=lines.begin,
        report=lines.ended,
    )
    results = Results(read_study(path, study), outcome.results)
    if flags.as_json:
        failures = {key: str(error) for key, error in outcome.failures.items()}
        print_json({"study": study.name, "folder": str(path), "complete": outcome.complete,
                    "measured": outcome.measured, "runs": len(study.units),
                    "failures": failures})  # fmt: skip
    else:
        print_results(results)
        done = completeness(len(study.units), outcome.complete, outcome.measured)
        typer.echo(f"{done}, in {visible(str(path))}")
    if outcome.failures:
        out = [] if flags.out is None else ["--out", str(flags.out)]
        again = shlex.join(["simnet", "study", "resume", target, *out])
        print_error(f"what failed is tried again by: {again}")
        raise typer.Exit(1)


class _Lines:
    """Prints a line on stderr for each run that ends, of those that were not there before."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self._waiting = runs
        self._ended = 0

    def begin(self, waiting: int) -> None:
        self._waiting = waiting
        if waiting < self._runs:
            there = self._runs - waiting
            sys.stderr.write(f"{there} of {counted(self._runs, 'run')} there already\n")

    def ended(self, unit: "Unit", error: "SimnetError | None") -> None:
        self._ended += 1
        how = "complete" if error is None else f"failed: {error}"
        sys.stderr.write(f"{self._ended}/{self._waiting} {visible(f'{unit.key}: {how}')}\n")
