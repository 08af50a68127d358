"""Calibration: parameters of a scenario that bring its measures near those of real data."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from scipy import stats

from simnet.errors import ScenarioError, UsageError
from simnet.foundation.arguments import checked
from simnet.foundation.text import did_you_mean
from simnet.scenario.scenario import Scenario
from simnet.studies.measure import Measure

Targets: TypeAlias = Mapping[str, Sequence[float]]
"""Real values by the name of the measure that they are of, one for each real case."""
SEEDS = range(20)


class Halves(NamedTuple):
    """Real data, divided."""

    fitted: Targets
    """What parameters are fitted to."""
    held_out: Targets
    """What the fit is checked with."""


class Fit(NamedTuple):
    """How near simulated values of one measure are to real ones."""

    measure: str
    """Name of the measure."""
    simulated_mean: float
    """In the unit of the measure."""
    real_mean: float
    """In the unit of the measure."""
    nrmse: float
    """Root mean squared difference of the quantiles, by the mean of the real values."""
    ks: float
    """Kolmogorov and Smirnov's distance, 0 to 1."""
    ks_p: float
    """P value of their test that both are of one distribution."""
    wasserstein: float
    """In the unit of the measure."""


@checked
@dataclass(frozen=True)
class Calibration:
    """What is fitted to what: parameters within bounds, measures, and real data in two halves.

    Raises ScenarioError without parameters or measures, for fewer than two seeds, bounds that are
    none, and a parameter that the function does not have.
    """

    name: str
    """Its name, in the result."""
    scenario: Callable[..., Scenario]
    """A function of the parameters and of `seed`; a seed is one simulated case."""
    parameters: Mapping[str, tuple[float, float]]
    """The bounds of each parameter."""
    measures: Sequence[Measure]
    """Each gives one number of a run."""
    data: Callable[[Path | None], Halves]
    """Reads the real data, from the file that the user named or from its usual place."""
    seeds: Sequence[int] = SEEDS
    """The same for all parameters, so that they are compared with common random numbers."""

    def __post_init__(self) -> None:
        where = f"calibration {self.name!r}"
        if not self.parameters:
            raise ScenarioError(f"{where} has no parameters; what is fitted?")
        if not self.measures:
            raise ScenarioError(f"{where} has no measures; what is it fitted to?")
        if len(set(self.seeds)) < 2:
            raise ScenarioError(f"{where} has fewer than two seeds; give seeds=range(20)")
        accepted = inspect.signature(self.scenario).parameters
        for name in (*self.parameters, "seed"):
            if name not in accepted:
                hint = did_you_mean(name, accepted)
                raise ScenarioError(f"{where}: its function has no parameter {name!r}{hint}")
        for name, (low, high) in self.parameters.items():
            if not (isfinite(low) and isfinite(high) and low < high):
                raise ScenarioError(
                    f"{where}: the bounds of {name} are {low:g} and {high:g}; give a lower and "
                    "then a higher number"
                )


def read_halves(calibration: Calibration, path: Path | None) -> Halves:
    """Read the real data. Raises UsageError if measures have no values, or have unknown names."""
    halves = calibration.data(path)
    names = [measure.name for measure in calibration.measures]
    for half, targets in zip(("fitted", "held-out"), halves, strict=True):
        for name in targets:
            if name not in names:
                hint = did_you_mean(name, names)
                raise UsageError(f"the {half} data are of {name!r}, which is no measure{hint}")
        for name in names:
            values = np.asarray(targets.get(name, ()), float)
            if len(values) < 2 or not np.isfinite(values).all():
                raise UsageError(f"the {half} data have fewer than two numbers for {name!r}")
    return halves


def fit_of(measure: str, simulated: Sequence[float], real: Sequence[float]) -> Fit:
    """Compare simulated with real values of one measure, by scipy."""
    ours, theirs = np.asarray(simulated, float), np.asarray(real, float)
    levels = (np.arange(100) + 0.5) / 100
    gaps = np.quantile(ours, levels) - np.quantile(theirs, levels)
    test = stats.ks_2samp(ours, theirs)
    mean = float(theirs.mean())
    return Fit(
        measure,
        float(ours.mean()),
        mean,
        float(np.sqrt((gaps**2).mean())) / abs(mean) if mean else float("inf"),
        float(test.statistic),
        float(test.pvalue),
        float(stats.wasserstein_distance(ours, theirs)),
    )


def loss_of(simulated: Targets, real: Targets) -> float:
    """Sum Wasserstein distances over measures, each by the deviation of the real values."""
    return sum(
        float(stats.wasserstein_distance(simulated[name], values)) / (float(np.std(values)) or 1.0)
        for name, values in real.items()
    )
