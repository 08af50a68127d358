"""The results of a study: its tidy table, the means of arms, differences, and hypotheses."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simnet.clock import Seconds
from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.studies.crossings import Crossings
from simnet.studies.expectations import Hypothesis
from simnet.studies.interactions import compared, paired
from simnet.studies.measure import NO_GROUP
from simnet.studies.paired import (
    LEVEL,
    Alternative,
    Difference,
    Mean,
    equivalence,
    few_seeds,
    holm,
    mean_of,
)
from simnet.studies.running.study_folder import RESULTS
from simnet.studies.study_protocol import StudyPlan

_ALTERNATIVES: dict[str, Alternative] = {"higher": "greater", "lower": "less"}


class ArmMean(NamedTuple):
    """The mean of one measure in one arm."""

    arm: str
    """Name of the arm."""
    measure: str
    """Name of the measure."""
    group: str
    """What part of the run it is about, such as a cohort; empty is the whole."""
    time: Seconds | None
    """The simulated time it is about; None is the whole run or its end."""
    summary: Mean
    """The mean and its interval."""


class Interaction(NamedTuple):
    """How far the difference of two arms is another one at another value of a parameter."""

    name: str
    """What is compared, such as `loud minus quiet, at size=200 less at size=100`."""
    measure: str
    """Name of the measure."""
    group: str
    """What part of the run it is about, such as a cohort; empty is the whole."""
    arms: tuple[str, ...]
    """Those of the first difference, then those of the second."""
    difference: Difference
    """The first difference less the second."""


class Verdict(NamedTuple):
    """What the data say about one hypothesis."""

    hypothesis: Hypothesis
    """What was expected."""
    difference: Difference | None
    """None if fewer than two seeds have both values."""
    p: float
    """Of the t-test, or of the permutation test if differences do not vary; of the equivalence
    test if that is what is expected."""
    p_adjusted: float
    """Holm's, over all hypotheses of the study."""
    supported: bool
    """Whether the data say so."""
    note: str | None
    """Why there is no answer, or what it would take."""


class Results:
    """Figures of a study; a row for each arm, seed, measure, group and time."""

    def __init__(self, study: StudyPlan, table: pa.Table) -> None:
        self.study = study
        self.table = table
        """See `simnet.studies.running.study_folder.RESULT_SCHEMA`."""

    @classmethod
    def read(cls, folder: Path | str, study: StudyPlan) -> "Results":
        """Read the results of a study folder. Raises UsageError if there are none yet."""
        path = Path(folder) / RESULTS
        if not path.is_file():
            raise UsageError(f"{path} is not there yet: run the study first")
        return cls(study, pq.read_table(path))

    def values(
        self, measure: str, arm: str, group: str = NO_GROUP, time: Seconds | None = None
    ) -> dict[int, float]:
        """Return the value of each seed that has one.

        Raises UsageError for an unknown name, and for a group of which the measure has no figure.
        """
        self._check(measure, "measure", [one.name for one in self.study.measures])
        self._check(arm, "arm", [cell.label for cell in self.study.cells])
        rows = self.table.filter(pc.equal(self.table["measure"], measure))
        groups = pc.unique(rows["group"]).to_pylist()
        if groups and group not in groups:
            lacks = f"group {group!r}" if group else "the whole run"
            there = ", ".join(repr(one) if one else "the whole run" for one in groups)
            raise UsageError(f"measure {measure!r} has no figure of {lacks}; there are {there}")
        return self._values(measure, arm, group, time)

    def _values(
        self, measure: str, arm: str, group: str, time: Seconds | None = None
    ) -> dict[int, float]:
        chosen = pc.and_(
            pc.and_(pc.equal(self.table["measure"], measure), pc.equal(self.table["arm"], arm)),
            pc.equal(self.table["group"], group),
        )
        rows = self.table.filter(chosen).select(["seed", "time", "value"]).to_pylist()
        return {row["seed"]: row["value"] for row in rows if row["time"] == time}

    def to_pandas(self) -> Any:
        """Return the rows as a DataFrame of pandas, which has to be installed."""
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """Return the rows as a DataFrame of polars. Raises UsageError without polars."""
        if find_spec("polars") is None:
            raise UsageError("polars is not installed; install it with: pip install polars")
        return import_module("polars").from_arrow(self.table)

    def _check(self, name: str, noun: str, known: Sequence[str]) -> None:
        if name not in known:
            hint = did_you_mean(name, known) or f"; there is {', '.join(known)}"
            raise UsageError(f"study {self.study.name!r} has no {noun} {name!r}{hint}")

    def means(self, level: float = LEVEL) -> list[ArmMean]:
        """Summarise each measure in each arm, in the order of the study; intervals have `level`."""
        found: dict[tuple[str, str, Seconds | None, str], list[float]] = {}
        for row in self.table.to_pylist():
            key = (row["measure"], row["group"], row["time"], row["arm"])
            found.setdefault(key, []).append(row["value"])
        order = {measure.name: place for place, measure in enumerate(self.study.measures)}
        keys = sorted(found, key=lambda key: order.get(key[0], len(order)))
        return [
            ArmMean(arm, measure, group, time, mean_of(found[measure, group, time, arm], level))
            for measure, group, time, arm in keys
        ]

    def difference(
        self,
        measure: str,
        arm: str,
        baseline: str,
        *,
        group: str = NO_GROUP,
        time: Seconds | None = None,
        alternative: Alternative = "two-sided",
    ) -> Difference:
        """Compare two arms within each seed that both have. Raises UsageError below two."""
        values = [self.values(measure, one, group, time) for one in (arm, baseline)]
        return compared(_of_the_same_seeds(values), alternative=alternative)

    def interaction(
        self,
        measure: str,
        arm: str,
        baseline: str,
        than: tuple[str, str],
        *,
        group: str = NO_GROUP,
        time: Seconds | None = None,
        alternative: Alternative = "two-sided",
    ) -> Difference:
        """Compare the difference of two arms with that of two others: (a - b) - (c - d).

        It is the interaction contrast of a 2x2 design (Rosnow & Rosenthal 1989, "Definition and
        interpretation of interaction effects"), one number for each seed that all four have.
        Raises UsageError below two.
        """
        values = [self.values(measure, one, group, time) for one in (arm, baseline, *than)]
        return compared(_of_the_same_seeds(values), alternative=alternative)

    def interactions(self) -> list[Interaction]:
        """List all interactions of a study with parameters, of figures of whole runs.

        Each pair of an arm with its parameters, or of two parameters, at two values of each; see
        `interaction`. Those of fewer than two seeds are left out.
        """
        whole = self.table.filter(pc.is_null(self.table["time"]))
        keys = dict.fromkeys(
            zip(whole["measure"].to_pylist(), whole["group"].to_pylist(), strict=True)
        )
        order = {measure.name: place for place, measure in enumerate(self.study.measures)}
        labels = [cell.label for cell in self.study.cells]
        crossed = list(Crossings(labels, self.study.parameters).interactions())
        found = []
        for measure, group in sorted(keys, key=lambda key: order.get(key[0], len(order))):
            for name, arms in crossed:
                values = _of_the_same_seeds([self._values(measure, one, group) for one in arms])
                if len(values[0]) > 1:
                    found.append(Interaction(name, measure, group, arms, compared(values)))
        return found

    def verdicts(self, alpha: float = 1 - LEVEL) -> list[Verdict]:
        """Test all hypotheses, with the correction of Holm 1979 over all of them.

        A hypothesis is supported if its corrected p value is below `alpha`.
        """
        tested = [self._tested(one) for one in self.study.hypotheses]
        adjusted = holm([p for _, p in tested])
        return [
            self._verdict(hypothesis, found, p, q, alpha)
            for hypothesis, (found, p), q in zip(
                self.study.hypotheses, tested, adjusted, strict=True
            )
        ]

    def _tested(self, hypothesis: Hypothesis) -> tuple[Difference | None, float]:
        values = _of_the_same_seeds(
            [self._values(hypothesis.measure, one, hypothesis.group) for one in hypothesis.arms]
        )
        if len(values[0]) < 2:
            return None, 1.0
        alternative = _ALTERNATIVES.get(hypothesis.expects, "two-sided")
        found = compared(values, alternative=alternative)
        if hypothesis.expects == "equal":
            assert hypothesis.margin is not None
            return found, equivalence(*paired(values), hypothesis.margin)
        return found, found.p

    def _verdict(
        self,
        hypothesis: Hypothesis,
        found: Difference | None,
        p: float,
        adjusted: float,
        alpha: float,
    ) -> Verdict:
        if found is None:
            note: str | None = self._why_none(hypothesis)
        elif hypothesis.expects == "equal":
            note = None if adjusted < alpha else "not shown to be equal, which is not a difference"
        else:
            alternative = _ALTERNATIVES.get(hypothesis.expects, "two-sided")
            note = few_seeds(found.pairs, found.effect, adjusted, alternative)
        return Verdict(hypothesis, found, p, adjusted, adjusted < alpha, note)

    def _why_none(self, hypothesis: Hypothesis) -> str:
        """Say why there are no pairs of values to test a hypothesis with."""
        for arm in hypothesis.arms:
            chosen = pc.and_(
                pc.equal(self.table["measure"], hypothesis.measure),
                pc.equal(self.table["arm"], arm),
            )
            groups: dict[str, set[Seconds | None]] = {}
            for row in self.table.filter(chosen).select(["group", "time"]).to_pylist():
                groups.setdefault(row["group"], set()).add(row["time"])
            if not groups:
                return f"no run of {arm} has a figure of {hypothesis.measure}"
            if hypothesis.group not in groups:
                lacks = f"group {hypothesis.group!r}" if hypothesis.group else "the whole run"
                there = ", ".join(repr(one) if one else "the whole run" for one in groups)
                return f"no run of {arm} has a figure of {lacks}; there are figures of {there}"
            if None not in groups[hypothesis.group]:
                return "the figures are of times, and a hypothesis is about one of each run"
        return "fewer than two seeds have both values"


def _of_the_same_seeds(arms: Sequence[Mapping[int, float]]) -> list[list[float]]:
    """Return the values of arms for the seeds that all of them have, in order."""
    seeds = sorted(set.intersection(*(set(arm) for arm in arms)))
    return [[arm[seed] for seed in seeds] for arm in arms]
