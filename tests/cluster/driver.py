"""Runs a small scenario on a cluster, from inside one of its hosts; prints what happens."""

import argparse
import asyncio
import time
from pathlib import Path

from simnet import HOUR, MINUTE, Cohort, Exponential, Run, Scenario, SimnetError, sample
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.networks import random_followees
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.launching.launcher import launch
from simnet.runs.options.options import RunOptions
from simnet.runs.plans.plan import RunPlan
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runtime.base import Silent


def town():
    people = Cohort(
        "people",
        sample(24, seed=3),
        rhythm=Exponential(5 * MINUTE),
        reacts_in=2 * MINUTE,
        follows={"people": 0.3},
    )
    return Scenario("town", [people], lasts=240 * MINUTE, seed=11)


def city():
    people = Cohort("people", sample(20_000, seed=3), rhythm=Exponential(2 * HOUR))
    return Scenario("city", [people], ties=random_followees(5), lasts=2 * HOUR, seed=11)


SCENARIOS = {"town": town, "city": city}


class Shown(Silent):
    def __init__(self):
        self.began = time.monotonic()

    def phase(self, text):
        print(f"PHASE {time.monotonic() - self.began:.1f} {text}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--scenario", choices=SCENARIOS, default="town")
    parser.add_argument("--resume", action="store_true", help="go on with the only run in root")
    parser.add_argument("--address", default="auto")
    parser.add_argument("--delay", type=float, default=0.2)
    parser.add_argument("--per-actor", type=int, default=4)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--agents-on")
    parser.add_argument("--engines-on")
    given = parser.parse_args()
    options = RunOptions(
        address=given.address, agents_on=given.agents_on, engines_on=given.engines_on
    )
    seconds = given.delay
    backend = FakeBackend(delay=lambda prompt: seconds, replicas=given.replicas)
    scenario, again = SCENARIOS[given.scenario](), {}
    if given.resume:
        (folder,) = given.root.iterdir()
        run = Run.open(folder)
        again = {
            "into": RunDirectory.reopen(run),
            "continuation": ScenarioTimeline(scenario).continuation(run),
        }
    plan = RunPlan(
        scenario,
        backend,
        given.root,
        address=options.cluster_address,
        wishes=options.wishes,
        personas_per_actor=given.per_actor,
        **again,
    )
    try:
        result = asyncio.run(launch(plan, Shown()))
    except SimnetError as error:
        print(f"ERROR {type(error).__name__}: {error}", flush=True)
        raise SystemExit(error.exit_code) from None
    print(f"DONE {result.folder} {result.finish.digest}", flush=True)


if __name__ == "__main__":
    main()
