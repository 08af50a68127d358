"""What a mirror costs a run: its speed with and without one, in turns, on one machine.

Runs of one scenario with a fake model alternate: without a mirror, and with one in a local folder
(or at `--url`), renewed every `--every` seconds, which is more often than by default. Measured are
the wall seconds of the phase of turns, in which the upload goes on beside, and the CPU seconds that
the driver itself took for the whole run. On a machine that is busy with other things these say
little; the CPU seconds of the uploading process, in terms of those of the driver, are what a run
loses at most where it has no core to spare. The upload after the last turn is told apart, as `end`.
Each pair gives a ratio; the table has their median, with the least and the largest. Prints one
table and one JSON line.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from arguments import at_least, between
from rich.console import Console
from rich.table import Table

from simnet import HOUR, MINUTE, Cohort, Exponential, FakeModel, Scenario, sample
from simnet.inference.model import Model
from simnet.runs.blocking import blocking
from simnet.runs.launching.launcher import launch
from simnet.runs.options.mirror_settings import read_mirror
from simnet.runs.plans.plan import RunPlan


class Cost(NamedTuple):
    """What one run took."""

    turns: float
    """Wall seconds of its turns."""
    cpu: float
    """CPU seconds of this process."""
    uploader: float
    """CPU seconds of the process that uploads, its start included."""
    end: float
    """Wall seconds after the record was sealed."""
    done: int


def scenario(people: int, hours: float) -> Scenario:
    cohort = Cohort(
        "people",
        sample(people, seed=1),
        rhythm=Exponential(10 * MINUTE),
        reacts_in=4 * MINUTE,
        follows={"people": min(1.0, 10 / people)},
    )
    return Scenario("mirrored", [cohort], lasts=hours * HOUR)


def children() -> float:
    """Return the CPU seconds of processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(society: Scenario, folder: Path, url: str | None, every: float) -> Cost:
    model: Model = FakeModel()
    plan = RunPlan(society, model, root=folder, mirror=read_mirror(url, every))
    began, cpu, uploader = time.perf_counter(), time.process_time(), children()
    result = blocking(launch)(plan)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    if url is not None and not (result.mirror and result.mirror.whole):
        sys.exit(f"the mirror is not whole: {result.mirror}")
    return Cost(
        result.phases["turns"],
        cpu,
        children() - uploader,
        wall - sum(result.phases.values()),
        result.finish.progress.ledger.done,
    )


def main() -> None:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=at_least(2), default=200)
    parser.add_argument("--hours", type=between(0.1, 1000), default=12.0)
    parser.add_argument("--pairs", type=at_least(1), default=5)
    parser.add_argument("--every", type=between(0.01, 3600), default=1.0)
    parser.add_argument("--url", help="a store in the place of a local folder")
    given = parser.parse_args()
    society = scenario(given.people, given.hours)
    pairs: list[tuple[Cost, Cost]] = []
    with TemporaryDirectory() as folder:
        url = given.url or f"file://{folder}/store"
        measured(society, Path(folder), None, given.every)  # a warm-up
        for number in range(given.pairs):
            order = [None, url] if number % 2 else [url, None]
            costs = {one: measured(society, Path(folder), one, given.every) for one in order}
            pairs.append((costs[None], costs[url]))
    figures: dict[str, object] = {"benchmark": "mirror", "every": given.every}
    figures |= {"people": given.people, "done": pairs[0][0].done, "pairs": given.pairs}
    table = Table("with a mirror : without", "median", "least", "largest")
    for name in ("turns", "cpu"):
        ratios = [getattr(one, name) / getattr(none, name) for none, one in pairs]
        shown = [median(ratios), min(ratios), max(ratios)]
        table.add_row(
            {"turns": "wall seconds of turns", "cpu": "CPU seconds of the driver"}[name],
            *(f"{ratio:.3f}" for ratio in shown),
        )
        figures[name] = [round(ratio, 4) for ratio in shown]
    shares = [one.uploader / one.cpu for _, one in pairs]
    shown = [median(shares), min(shares), max(shares)]
    table.add_row("CPU of the uploader : of the driver", *(f"{share:.3f}" for share in shown))
    figures["uploader"] = [round(share, 4) for share in shown]
    driver, uploader = (
        median(getattr(one, name) for _, one in pairs) for name in ("cpu", "uploader")
    )
    figures["cpu_seconds"] = [round(driver, 2), round(uploader, 2)]
    ends = [one.end - none.end for none, one in pairs]
    figures["end"] = round(median(ends), 3)
    Console().print(table)
    print(f"CPU seconds: driver {driver:.1f}, uploader {uploader:.1f}")
    print(f"the last upload took {median(ends):.2f} s after the seal")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
