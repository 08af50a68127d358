"""What intervals and tests of studies are worth: a planted effect, and one that is not there.

Two hundred repetitions of a whole study of 10 seeds an arm, in a world whose truth is known::

    python benchmarks/coverage.py --repetitions 200 --seeds 10 --processes 2

Readers see one post an hour and like it with a chance. The arm `raised` raises the chance of all,
so the expected difference is known. The arm `shifted` raises that of one half and lowers that of
the other, so the expected difference is 0 while single runs differ. The arm `both` shifts and
raises twice as far, so the interaction of the two, a difference of differences, is known too.
Printed are the shares of studies whose intervals hold the truth, of false positives in the null
study before correction, and of null studies in which any of the hypotheses, one for each cohort,
is supported after Holm's correction; and the variance of the difference with shared random numbers,
by that with independent ones. Prints one table and one JSON line.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from arguments import at_least
from rich.console import Console
from rich.table import Table

from simnet import HOUR, Agent, Cohort, Cue, Never, Persona, Scenario, Steps, Write
from simnet.behaviours import Shown
from simnet.rules import likes
from simnet.studies import Hypothesis, Interval, Results, Study, actions, run_study

COHORTS, READERS, POSTS = 4, 10, 5
CHANCE, STEP = 0.3, 0.1
PLANTED = STEP * COHORTS * READERS * POSTS
"""Expected difference in likes between `raised` and `base`, and the interaction of both changes."""
LIKES = "actions like"
BATCH = 500
"""Seeds that are run before their folder is removed."""


def world(raised: float, shifted: float) -> Scenario:
    """Make a world in which each reader sees each post once and likes it with a known chance."""
    names = [f"cohort_{number}" for number in range(COHORTS)]
    council = Persona(id="council")

    def chance(me: Agent, post: Shown) -> float:
        return CHANCE + raised + shifted * float(str(me.persona.attributes["side"]))

    readers = [
        Cohort(
            name,
            [
                Persona(id=f"{name}_{place}", attributes={"side": 1 if place % 2 else -1})
                for place in range(READERS)
            ],
            behaviour=likes(chance),
            rhythm=Steps(HOUR, offset=1.5 * HOUR),
            follows={"sources": 1.0},
        )
        for name in names
    ]
    posts = [Cue(hour * HOUR, "council", Write(f"News {hour}.")) for hour in range(1, POSTS + 1)]
    sources = Cohort("sources", [council], rhythm=Never())
    return Scenario("known truth", [sources, *readers], posts, lasts=(POSTS + 1.2) * HOUR)


def study_of(seeds: Sequence[int]) -> Study:
    """Declare the study: whether a planted effect is found, and whether null ones are."""
    null = [
        Hypothesis(f"null {number}", LIKES, "shifted", "base", group=f"cohort_{number}")
        for number in range(COHORTS)
    ]
    return Study(
        "coverage",
        arms={
            "base": world(0, 0),
            "raised": world(STEP, 0),
            "shifted": world(0, STEP),
            "both": world(2 * STEP, STEP),
        },
        seeds=seeds,
        measures=[actions("like")],
        hypotheses=null,
    )


def tables(seeds: int, processes: int, folder: Path) -> pa.Table:
    """Run all seeds and return the results of all, in batches to bound the space on disk."""
    found = []
    for first in range(0, seeds, BATCH):
        study = study_of(range(first, min(first + BATCH, seeds)))
        out = folder / f"from-{first}"
        ran = run_study(study, out, ray=False, processes=processes)
        if ran.failures:
            sys.exit(f"{len(ran.failures)} runs failed: {next(iter(ran.failures.values()))}")
        found.append(ran.results.table)
        shutil.rmtree(out)
    return pa.concat_tables(found)


def repetitions(table: pa.Table, count: int, seeds: int) -> Iterator[Results]:
    """Divide the seeds among so many studies."""
    for number in range(count):
        own = range(number * seeds, (number + 1) * seeds)
        rows = table.filter(pc.is_in(table["seed"], pa.array(own, pa.int64())))
        yield Results(study_of(own), rows)


def figures(table: pa.Table, count: int, seeds: int) -> dict[str, Any]:
    """Count in how many studies intervals hold the truth and tests are wrong."""
    hits = dict.fromkeys(("student", "bootstrap", "interaction", "interaction_bootstrap"), 0)
    false = dict.fromkeys(("t", "permutation"), 0)
    family = 0
    for results in repetitions(table, count, seeds):
        found = results.difference(LIKES, "raised", "base")
        hits["student"] += _holds(found.t_interval)
        hits["bootstrap"] += _holds(found.bootstrap_interval)
        crossed = results.interaction(LIKES, "both", "shifted", ("raised", "base"))
        hits["interaction"] += _holds(crossed.t_interval)
        hits["interaction_bootstrap"] += _holds(crossed.bootstrap_interval)
        null = results.difference(LIKES, "shifted", "base")
        false["t"] += null.p_t < 0.05
        false["permutation"] += null.p_permutation < 0.05
        family += any(one.supported for one in results.verdicts())
    whole = Results(study_of(range(count * seeds)), table)
    raised, base = (list(whole.values(LIKES, arm).values()) for arm in ("raised", "base"))
    paired = float(np.var(np.subtract(raised, base), ddof=1))
    apart = float(np.var(np.subtract(raised, np.roll(base, 1)), ddof=1))
    return {
        "studies": count,
        "seeds": seeds,
        "planted": PLANTED,
        "mean_difference": float(np.mean(np.subtract(raised, base))),
        **{f"coverage_{name}": held / count for name, held in hits.items()},
        "false_positives_t": false["t"] / count,
        "false_positives_permutation": false["permutation"] / count,
        "family_wise": family / count,
        "variance_paired": paired,
        "variance_independent": apart,
        "variance_ratio": paired / apart,
    }


def _holds(interval: Interval) -> bool:
    return interval.low <= PLANTED <= interval.high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    number = partial(parser.add_argument, metavar="N")
    number("--repetitions", type=at_least(2), default=200, help="studies")
    number("--seeds", type=at_least(3), default=10, help="seeds of a study")
    number("--processes", type=at_least(1), default=2, help="runs at once")
    parser.add_argument("--folder", type=Path, help="where runs are kept; by default in memory")
    options = parser.parse_args()
    memory = Path("/dev/shm")  # noqa: S108  (a folder of its own is made in it)
    place = options.folder or (memory if memory.is_dir() else None)
    began = perf_counter()
    with tempfile.TemporaryDirectory(dir=place) as folder:
        total = options.repetitions * options.seeds
        table = tables(total, options.processes, Path(folder))
    found = figures(table, options.repetitions, options.seeds)
    found["seconds"] = perf_counter() - began
    shown = Table("figure", "value")
    for name, value in found.items():
        shown.add_row(name, f"{value:.4g}")
    Console().print(shown)
    print(json.dumps({"benchmark": "coverage", **found}))


if __name__ == "__main__":
    main()
