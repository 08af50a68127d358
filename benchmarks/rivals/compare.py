"""simnet beside other simulators, each with a model that answers at once, in one run.

Each runs unmodified, in a process of its own in an environment of its own
(`benchmarks/rivals/environments.py`, or `--install`), with the same number of people, and where
it has them the same posts in view and the same actions. simnet is measured in one process and
through Ray. The figures are medians of `--repeats`, in each of which every system is measured
once. One that is not installed or fails is in the table, with the reason.

Prints one table and one JSON line. Compare only figures of one run. What can be compared, and
what cannot, is in docs/explanation/rivals.md.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import environments
import psutil
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from arguments import at_least, rate, ratio, shown  # noqa: E402

FIELDS = ("turns", "calls", "characters_per_call", "seconds", "cpu_s", "recorded", "bytes")
HERE = {"process": "simnet", "ray": "simnet, Ray"}
"""Ways in which simnet is measured, with their names in the table."""


class System(NamedTuple):
    """One row of the table: what is run, and how."""

    name: str
    version: str
    command: tuple[str, ...]
    missing: str | None = None
    """Why it cannot be run; None if it can."""


class Measured(NamedTuple):
    """The medians of a system; None is what was not measured."""

    name: str
    version: str
    turns: float | None = None
    calls: float | None = None
    characters_per_call: float | None = None
    seconds: float | None = None
    cpu_s: float | None = None
    recorded: float | None = None
    bytes: float | None = None
    problem: str | None = None
    """Why there are no figures; None if there are."""

    @property
    def turns_per_s(self) -> float | None:
        """Turns a second."""
        return self.turns and self.seconds and rate(self.turns, self.seconds)

    @property
    def cpu_ms(self) -> float | None:
        """CPU milliseconds of all its processes for each turn."""
        spent = ratio(self.cpu_s, self.turns)
        return spent * 1e3 if spent else None  # a clock that did not tick says nothing


def systems(arguments: argparse.Namespace) -> list[System]:
    """Return simnet, in the ways that are asked for, and the rivals."""
    size = ["--people", str(arguments.people), "--seen", str(arguments.seen)]
    rounds = math.ceil(arguments.simnet_turns / arguments.people)
    driver = (sys.executable, str(FOLDER / "simnet_driver.py"), *size, "--rounds", str(rounds))
    version = metadata.version("simnet-engine")
    found = [System(HERE[way], version, (*driver, "--way", way)) for way in arguments.simnet]
    for one in arguments.rivals:
        python = environments.python_of(one, arguments.environments)
        driver = (str(python), str(FOLDER / f"{one.name}_driver.py"), *size)
        driver = (*driver, "--rounds", str(arguments.rounds or one.rounds))
        reason = environments.missing(one, arguments.environments)
        found.append(System(one.distribution, one.version, driver, reason))
    return found


def measure(system: System, seconds: float) -> dict[str, Any] | str:
    """Run the driver of a system once; return its figures, or one line that says why not."""
    if system.missing:
        return system.missing
    settings = dict(os.environ, OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1", PYTHONUNBUFFERED="1")
    if system.command[0] != sys.executable:
        settings.pop("PYTHONPATH", None)  # a rival does not see simnet's
    with tempfile.TemporaryDirectory() as folder:
        out, log = Path(folder) / "figures.json", Path(folder) / "log"
        with log.open("w") as written:
            command = [*system.command, "--out", str(out)]
            running = subprocess.Popen(  # noqa: S603  # our drivers
                command, stdin=subprocess.DEVNULL, stdout=written, stderr=written, env=settings
            )
            try:
                running.wait(seconds)
            except subprocess.TimeoutExpired:
                end(running)
                return f"did not end within {seconds:g} s"
        if running.returncode == 0 and out.is_file():
            return dict(json.loads(out.read_text(encoding="utf-8")))
        said = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return f"failed: {next((line for line in reversed(said) if line.strip()), '')[:300]}"


def end(running: subprocess.Popen[bytes]) -> None:
    """End a driver and all that it has started, Ray's processes for one."""
    root = psutil.Process(running.pid)
    for process in [*root.children(recursive=True), root]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue  # it has ended by itself
    running.wait()


def summary(system: System, runs: Sequence[Mapping[str, Any] | str]) -> Measured:
    """Return the medians of the runs; the reason of the first that failed if one did."""
    problem = next((one for one in runs if isinstance(one, str)), None)
    if problem is not None:
        return Measured(system.name, system.version, problem=problem)
    medians = {}
    for field in FIELDS:
        values = [one[field] for one in runs if not isinstance(one, str)]
        medians[field] = None if None in values else statistics.median(values)
    return Measured(system.name, system.version, **medians)


def ratios(rows: Sequence[Measured], simnet: str) -> dict[str, dict[str, float | None]]:
    """Return how many times simnet's turns a second, and its CPU time in each, a rival takes."""
    base = next((one for one in rows if one.name == simnet), Measured(simnet, ""))
    return {
        one.name: {
            "speed": ratio(base.turns_per_s, one.turns_per_s),
            "cpu": ratio(one.cpu_ms, base.cpu_ms),
        }
        for one in rows
        if one.name not in HERE.values()
    }


def table(rows: Sequence[Measured]) -> Table:
    """Return the table: a line for each system, measured or not."""
    times = {way: ratios(rows, name) for way, name in HERE.items()}
    made = Table(title="a model that answers at once; x: how many times simnet's", show_lines=False)
    for column in ("", "turns", "calls/turn", "turns/s", "CPU ms/turn", "x time", "x CPU"):
        made.add_column(column, justify="left" if not column else "right", no_wrap=True)
    for column in ("x time, Ray", "x CPU, Ray", "characters/call", "bytes/turn"):
        made.add_column(column, justify="right")
    for one in rows:
        name = f"{one.name} {one.version}"
        if one.problem:
            made.add_row(name, "not measured, see below")
            continue
        cells = [shown(one.turns, ",.0f"), shown(ratio(one.calls, one.turns), ".2f")]
        cells += [shown(one.turns_per_s, ",.0f"), shown(one.cpu_ms, ".3f")]
        for way in HERE:
            beside = times[way].get(one.name, {})
            cells += [shown(beside.get(kind), ",.2f") for kind in ("speed", "cpu")]
        cells += [shown(one.characters_per_call or None, ",.0f")]
        cells += [shown(ratio(one.bytes or None, one.turns), ",.0f")]
        made.add_row(name, *cells)
    return made


def report(rows: Sequence[Measured], facts: Mapping[str, Any]) -> None:
    """Print the table, what was not measured, and the JSON line."""
    console = Console(width=150)
    console.print(table(rows))
    for one in rows:
        if one.problem:
            console.print(f"{one.name}: {one.problem}", markup=False, highlight=False)
    for rival in environments.RIVALS:
        if any(one.name == rival.distribution for one in rows):
            line = f"{rival.distribution}: {rival.note}; model: {rival.model}"
            console.print(line, markup=False, highlight=False)
    beside = {name: ratios(rows, name) for name in HERE.values()}
    runs = [one._asdict() for one in rows]
    print(json.dumps({"benchmark": "rivals", **facts, "runs": runs, "ratios": beside}))


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    environments.add_options(options)
    options.add_argument("--install", action="store_true", help="make what is missing, with pip")
    options.add_argument("--people", type=at_least(1), default=100)
    options.add_argument("--rounds", type=at_least(1), help="of each rival; by default its own")
    options.add_argument("--seen", type=at_least(1), default=10, help="posts in view")
    options.add_argument("--simnet-turns", type=at_least(1), default=20_000)
    options.add_argument("--simnet", nargs="*", choices=HERE, default=list(HERE))
    options.add_argument("--repeats", type=at_least(1), default=3)
    options.add_argument("--timeout", type=at_least(1), default=600, help="seconds for each")
    arguments = options.parse_args()
    if arguments.install:
        folder, shared = arguments.environments, arguments.share_packages_of
        absent = [one for one in arguments.rivals if environments.missing(one, folder)]
        for line in environments.make_all(absent, folder, shared):
            print(line, file=sys.stderr)
    asked = systems(arguments)
    runs: dict[str, list[Any]] = {one.name: [] for one in asked}
    facts: dict[str, Any] = {"machine": platform.platform(), "cores": os.cpu_count()}
    facts |= {"people": arguments.people, "seen": arguments.seen, "load": [os.getloadavg()[0]]}
    for number in range(arguments.repeats):
        for system in asked:
            if any(isinstance(one, str) for one in runs[system.name]):
                continue  # it would fail again, perhaps only after a long time
            found = measure(system, arguments.timeout)
            said = found if isinstance(found, str) else json.dumps(found)
            print(f"{number + 1} of {arguments.repeats}: {system.name}: {said}", file=sys.stderr)
            runs[system.name].append(found)
    facts["load"].append(os.getloadavg()[0])
    report([summary(one, runs[one.name]) for one in asked], facts)


if __name__ == "__main__":
    main()
