"""Fits parameters of a scenario to real data by scipy, with a budget and a held-out check."""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from scipy import optimize

from simnet.errors import RunError, ScenarioError, UsageError
from simnet.foundation.arguments import checked
from simnet.foundation.disk import Disk, disk_errors, write_atomically
from simnet.recording.reading.run import Run
from simnet.runs.blocking import blocking
from simnet.runs.launching.launcher import launch
from simnet.runs.options.options import ModelOptions, RunOptions
from simnet.runs.plans.provenance import from_python
from simnet.runs.start import start_plan
from simnet.studies.calibration import Calibration, Fit, fit_of, loss_of, read_halves
from simnet.studies.measure import NO_GROUP
from simnet.studies.running.unit_run import is_complete

BUDGET = 40
NAME = "calibration.json"
_launched = blocking(launch)


class Trial(NamedTuple):
    """Parameters that were tried."""

    parameters: dict[str, float]
    """Values by the name of the parameter."""
    loss: float
    """Sum of Wasserstein distances, each by the deviation of the real values."""


class Calibrated(NamedTuple):
    """The result of a calibration."""

    best: Trial
    """The trial with the least loss."""
    trials: tuple[Trial, ...]
    """All trials, in their order."""
    fitted: tuple[Fit, ...]
    """Of the best parameters, with the data that they were fitted to."""
    held_out: tuple[Fit, ...]
    """Of the best parameters, with the other half; simulated with other seeds."""


def _silent(_trial: Trial) -> None:
    """Do nothing."""


@checked
def calibrate(
    calibration: Calibration,
    *,
    data: Path | str | None = None,
    budget: int = BUDGET,
    backend: str | None = None,
    out: Path | str | None = None,
    force: bool = False,
    report: Callable[[Trial], None] = _silent,
) -> Calibrated:
    """Try at most `budget` sets of parameters and check the best one with the held-out data.

    Parameters are searched by DIRECT (Jones et al. 1993, scipy), which needs no random numbers.
    All are tried with the same seeds; the check has other ones. Each run is one process here and
    is removed once it is measured. `out` is a folder for `calibration.json`; only with `force` an
    earlier one is replaced. Raises UsageError for data or a budget that cannot be used, or an
    earlier result, RunError if a run fails.
    """
    path = None if out is None else Path(out).expanduser() / NAME
    if path is not None:
        _check_out(path, force=force)
    if budget < 2 * len(calibration.parameters) + 1:
        least = 2 * len(calibration.parameters) + 1
        raise UsageError(f"budget={budget}: a search needs {least} trials or more")
    halves = read_halves(calibration, None if data is None else Path(data).expanduser())
    if path is not None:
        with disk_errors(f"making the folder {path.parent}"):
            path.parent.mkdir(parents=True, exist_ok=True)
    names = list(calibration.parameters)
    trials: list[Trial] = []

    def tried(point: Sequence[float]) -> float:
        parameters = dict(zip(names, map(float, point), strict=True))
        simulated = simulate(calibration, parameters, calibration.seeds, backend)
        trials.append(Trial(parameters, loss_of(simulated, halves.fitted)))
        report(trials[-1])
        return trials[-1].loss

    bounds = list(calibration.parameters.values())
    _search(tried, bounds, budget, trials)
    best = min(trials, key=lambda one: one.loss)
    others = range(max(calibration.seeds) + 1, max(calibration.seeds) + 1 + len(calibration.seeds))
    again = simulate(calibration, best.parameters, calibration.seeds, backend)
    fresh = simulate(calibration, best.parameters, others, backend)
    found = Calibrated(
        best,
        tuple(trials),
        tuple(fit_of(name, again[name], real) for name, real in halves.fitted.items()),
        tuple(fit_of(name, fresh[name], real) for name, real in halves.held_out.items()),
    )
    if path is not None:
        _write(path, as_dict(calibration, found))
    return found


class _SpentError(Exception):
    """The budget is spent."""


def _search(
    tried: Callable[[Sequence[float]], float],
    bounds: Sequence[tuple[float, float]],
    budget: int,
    trials: Sequence[Trial],
) -> None:
    """Search by DIRECT; it looks at its own limit between rounds only, so it is stopped here."""

    def counted(point: Sequence[float]) -> float:
        if len(trials) >= budget:
            raise _SpentError
        return tried(point)

    try:
        optimize.direct(counted, bounds, maxfun=budget, eps=1e-3, locally_biased=True)
    except _SpentError:
        return


def simulate(
    calibration: Calibration,
    parameters: dict[str, float],
    seeds: Sequence[int],
    backend: str | None = None,
) -> dict[str, list[float]]:
    """Run the scenario once for each seed; returns the values of each measure.

    Raises RunError if a run fails, ScenarioError if a measure gives no single number.
    """
    values: dict[str, list[float]] = {measure.name: [] for measure in calibration.measures}
    folder = Path(tempfile.mkdtemp(prefix="simnet-calibration-"))
    options = RunOptions(models=ModelOptions(backend=backend), out=folder, ray=False)
    try:
        for seed in seeds:
            scenario = calibration.scenario(**parameters, seed=seed)
            result = _launched(start_plan(from_python(scenario, seed), options))
            run = Run.open(result.folder)
            if not is_complete(run):
                raise RunError(f"seed {seed} with {parameters}: the run is {run.state}")
            for measure in calibration.measures:
                whole = [one for one in measure.of(run) if one.group == NO_GROUP]
                if len(whole) != 1 or whole[0].time is not None:
                    raise ScenarioError(
                        f"measure {measure.name} gave {len(whole)} figures of the whole run with "
                        f"seed {seed}; a calibration needs one number of each run"
                    )
                values[measure.name].append(whole[0].value)
            shutil.rmtree(result.folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return values


def as_dict(calibration: Calibration, found: Calibrated) -> dict[str, Any]:
    """Return a result as it is written to `calibration.json`."""
    return {
        "calibration": calibration.name,
        "bounds": {name: list(bounds) for name, bounds in calibration.parameters.items()},
        "seeds": list(calibration.seeds),
        "parameters": found.best.parameters,
        "loss": found.best.loss,
        "fitted": [one._asdict() for one in found.fitted],
        "held_out": [one._asdict() for one in found.held_out],
        "trials": [one._asdict() for one in found.trials],
    }


def _check_out(path: Path, *, force: bool) -> None:
    """Raise UsageError for a result that cannot be written, or that would replace one."""
    if path.parent.exists() and not path.parent.is_dir():
        raise UsageError(f"{path.parent} is a file; name a folder, in which {NAME} is written")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name the folder in which {NAME} is written")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already; choose another folder or pass --force")


def _write(path: Path, content: dict[str, Any]) -> None:
    with disk_errors(f"writing {path}"):
        write_atomically(Disk(), path, (json.dumps(content, indent=2) + "\n").encode())
