"""How a run scales past one machine: a model of the whole, checked here, then asked about GPUs.

First the CPU time of a turn is measured: by scheduler, hosts and recorder through real Ray actors
(`--costs` takes the microseconds instead), and all of it in one process. Then the model of
`scaling_model.py` is checked: real runs of `--sizes` people, in this process on a clock that skips
waits, against the model with the same delays, and their difference is printed. Then the model is
asked for each of `--gpus` and `--people`, with one scheduler and with as many as help.

Engines are assumed: `--slots` calls at once, `--alone` seconds for a call by itself, `--full` for
one of a full engine. Prints two tables and one JSON line; `--picture FILE` draws an SVG, which
needs the extra `report`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Any

from arguments import at_least, between
from prefetch import played, society
from rich.console import Console
from rich.table import Table
from scaling_model import Costs, Engine, Outcome, Shape, simulate

from simnet import MINUTE

SIGMA = 0.7
"""Of the lognormal reply times of real runs that the model is checked with."""
SHOWN = ("people", "gpus", "engines_most", "rate", "bottleneck", "engines_full", "schedulers",
         "split_rate", "gain", "split_bottleneck")  # fmt: skip
MARGIN = 1.05
"""A further scheduler has to gain this much."""


def costs_on_ray(turns: int) -> Costs:
    """Measure CPU seconds of a turn in the scheduler, in hosts and in the recorder."""
    from engine import packed  # noqa: PLC0415  (starts Ray, and needs psutil)

    used = packed("packed", 1000, turns).cpu_us or {}
    parts = [used.get(part) for part in ("scheduler", "agents", "record")]
    if None in parts:
        sys.exit("the run was too short to measure CPU time; give more --turns")
    return Costs(*(1e-6 * float(one or 0.0) for one in parts))


def cost_in_one_process(turns: int) -> float:
    """Measure CPU seconds of a further turn in this process; the start is in neither."""

    def spent(count: int) -> tuple[int, float]:
        scenario = society(1000, count / 1000, "exact", MINUTE)
        began = process_time()
        done = played(scenario, "off", slots=10**6, sigma=0.0).finish.progress.ledger.planned
        return done, process_time() - began

    (few, short), (many, long) = spent(turns), spent(3 * turns)
    return (long - short) / (many - few)


def check(sizes: Sequence[int], turns: int, cost: float) -> list[dict[str, Any]]:
    """Compare real runs with what the model says of them."""
    rows = []
    for people in sizes:
        for slots in (8, 256):
            scenario = society(people, turns / people, "exact", MINUTE)
            progress = played(scenario, "off", slots, SIGMA).finish.progress
            engine = Engine(slots, fixed=1.0, sigma=SIGMA)
            shape = Shape(people, 1, engine, Costs(cost, 0.0, 0.0), cores=0)
            said = simulate(shape, turns)
            real = progress.ledger.planned / progress.elapsed
            rows.append(
                {
                    "people": people,
                    "slots": slots,
                    "real": real,
                    "model": said.rate,
                    "error": said.rate / real - 1,
                }
            )
    return rows


def best_split(shape: Shape, turns: int, most: int) -> tuple[int, Outcome]:
    """Double the schedulers as long as that gains; return their number and the outcome."""
    count, best = 1, simulate(shape, turns)
    trial = 2
    while trial <= most:
        split = Shape(**{**vars(shape), "schedulers": trial})
        outcome = simulate(split, turns)
        if outcome.rate < MARGIN * best.rate:
            break
        count, best, trial = trial, outcome, 2 * trial
    return count, best


def ask(given: argparse.Namespace, costs: Costs, engine: Engine) -> list[dict[str, Any]]:
    """Ask the model about all sizes."""
    rows = []
    for people in given.people:
        for gpus in given.gpus:
            shape = Shape(people, gpus, engine, costs, cores=gpus * given.cores)
            one = simulate(shape, given.simulated)
            count, split = best_split(shape, given.simulated, given.most)
            rows.append(
                {
                    "people": people,
                    "gpus": gpus,
                    "rate": one.rate,
                    "in_flight": one.flying,
                    "bottleneck": one.bottleneck,
                    "engines_full": one.busy["engines"],
                    "schedulers": count,
                    "split_rate": split.rate,
                    "gain": split.rate / one.rate,
                    "split_bottleneck": split.bottleneck,
                    "engines_most": engine.most * gpus,
                }
            )
            print(f"{people:,} people, {gpus} GPUs: done", file=sys.stderr)
    return rows


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw turns per second by GPUs, for each number of people."""
    import altair as alt  # noqa: PLC0415  (of the extra report)
    import vl_convert  # noqa: PLC0415

    lines = [
        {"GPUs": row["gpus"], "turns per second": row[field], "what": name, "people": row["people"]}
        for row in rows
        for name, field in (
            ("engines, if always full", "engines_most"),
            ("one scheduler", "rate"),
            ("split by communities", "split_rate"),
        )
    ]
    scale = alt.Scale(type="log")
    chart = (
        alt.Chart(alt.Data(values=lines))
        .mark_line(point=True)
        .encode(
            alt.X("GPUs:Q", scale=scale, axis=alt.Axis(values=sorted({r["gpus"] for r in rows}))),
            alt.Y("turns per second:Q", scale=scale),
            alt.Color("what:N", legend=alt.Legend(orient="bottom", title=None)),
            alt.StrokeDash("what:N", legend=None),
        )
        .properties(width=230, height=220)
        .facet(alt.Column("people:O", header=alt.Header(format=",d", title="people")))
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = {**chart.to_dict(), "background": "white"}
    path.write_text(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]), "utf-8")


def show(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print rows as a table."""
    table = Table(*(name.replace("_", " ") for name in rows[0]), title=title)
    for row in rows:
        cells = (f"{one:,.3g}" if isinstance(one, float) else one for one in row.values())
        table.add_row(*(f"{one:,}" if isinstance(one, int) else str(one) for one in cells))
    Console(width=140).print(table)


def _costs(text: str) -> Costs:
    try:
        scheduler, host, recorder = (1e-6 * float(one) for one in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError("give three numbers, such as 190,150,40") from None
    return Costs(scheduler, host, recorder)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--costs", type=_costs, metavar="US,US,US", help="of a turn: scheduler, hosts, recorder")
    add("--measured", type=at_least(1000), default=50_000, help="turns on Ray to measure costs")
    add("--turns", type=at_least(100), default=3000, help="turns of each real run")
    add("--sizes", type=at_least(1), nargs="*", default=[100, 1000, 10_000])
    add("--people", type=at_least(1), nargs="*", default=[10**5, 10**6, 10**7])
    add("--gpus", type=at_least(1), nargs="*", default=[8, 64, 512])
    add("--cores", type=at_least(1), default=8, help="of hosts for each GPU")
    add("--slots", type=at_least(1), default=256)
    add("--alone", type=between(0.001, 60), default=0.2, help="seconds of a call by itself")
    add("--full", type=between(0.001, 600), default=0.6, help="of one of a full engine")
    add("--simulated", type=at_least(1000), default=100_000, help="turns of each question")
    add("--most", type=at_least(1), default=64, help="schedulers at most")
    add("--picture", type=Path, metavar="FILE", help="draw the answer as an SVG")
    given = parser.parse_args()
    cost = cost_in_one_process(given.turns)
    checked = check(given.sizes, given.turns, cost)
    costs = given.costs or costs_on_ray(given.measured)
    per_call = (given.full - given.alone) / max(1, given.slots - 1)
    engine = Engine(given.slots, given.alone, per_call, sigma=0.3)
    if checked:
        show("real runs in one process, and what the model says (turns a second)", checked)
    asked = ask(given, costs, engine)
    if asked:
        few = [{name: row[name] for name in SHOWN} for row in asked]
        show("what the model says of clusters (rates are turns a second)", few)
        if given.picture is not None:
            draw(asked, given.picture)
    facts: dict[str, Any] = {"benchmark": "scaling", "cost_in_one_process": cost}
    facts |= {"costs": costs._asdict(), "engine": engine._asdict()}
    print(json.dumps(facts | {"checked": checked, "asked": asked}))


if __name__ == "__main__":
    main()
