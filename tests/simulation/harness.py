"""Plays a small scenario to its end through crashes, and checks what is on the disk."""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from faulty_disks import FragileDisk, PowerLossError

from simnet import MINUTE, Cohort, Cue, Exponential, Never, OnPost, Persona, Scenario, Write
from simnet.agents.behaviours.standard import converse, enforce
from simnet.errors import DiskError, DivergenceError, RunError
from simnet.inference.fakes.fake import plausible
from simnet.interventions import (
    Act,
    At,
    Ban,
    GiveNews,
    Reinstate,
    Remember,
    SetManner,
    SetRanking,
    When,
)
from simnet.rankings import hot
from simnet.recording.files.manifest import Manifest
from simnet.recording.files.merge import TableSlice, merge
from simnet.recording.files.segment import bounds
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.run import Run
from simnet.recording.schema import TABLES
from simnet.recording.writing.prompt_texts import extract_texts
from simnet.runtime.agent_factory import agents_of
from simnet.scheduler.continuing.continuation import Continuation
from simnet.scheduler.driver import Driver, Phases
from simnet.scheduler.figures.metric_rows import closing_rows
from simnet.scheduler.prefetch.prefetch_settings import MODES, Prefetch
from simnet.scheduler.progress.messages import Finish
from simulation.faults import KINDS, AgentPool, Model, Plan, Record
from simulation.virtual_time import VirtualLoop

COMPARED = ("events", "calls", "exposures", "personas", "network", "ledger")
CRASHES_AT_MOST = 4
DIVERGING = 0.3
"""Chance that after a crash the run is first resumed with another scenario."""


@cache
def scenario():
    """Someone speaks, some answer when spoken to, one judges in several calls a turn."""
    people = [Persona(id=name, description=f"{name} lives here.") for name in ("ana", "ben", "cat")]
    judge = [Persona(id="dan", description="Dan keeps order.")]
    mayor = [Persona(id="eve", description="The mayor.")]
    return Scenario(
        "small",
        [
            Cohort("mayors", mayor, rhythm=Never()),
            Cohort("people", people, rhythm=Exponential(8 * MINUTE), follows={"mayors": 1.0}),
            Cohort("answering", [Persona(id="fay", description="Fay.")], rhythm=OnPost(),
                   follows={"people": 1.0, "mayors": 1.0}),
            Cohort("judges", judge, behaviour=_judging, rhythm=Exponential(20 * MINUTE),
                   follows={"people": 1.0, "mayors": 1.0}),
        ],
        cues=[Cue(MINUTE, "eve", Write("Parking becomes a bike lane."))],
        lasts=40 * MINUTE,
        seed=5,
        interventions=[
            At(9 * MINUTE, [Ban("ben"), SetManner("people", "Be brief."), Remember("fay", "rain")]),
            At(20 * MINUTE, [Reinstate("ben"), SetRanking("people", hot)]),
            When(written, above=2, every=5 * MINUTE, then=[GiveNews("judges", "It is over."),
                                                           Act("eve", Write("Thank you all."))]),
        ],
    )  # fmt: skip


def written(world):
    return len(world.posts)


def slower(world):
    """The scenario, with people who take a millisecond longer to react."""
    cohorts = [replace(cohort, reacts_in=cohort.reacts_in + 1e-3) for cohort in world.cohorts]
    return replace(world, cohorts=cohorts)


async def _judging(me, view, ask):
    await enforce("be kind")(me, view, ask)
    return await converse(me, view, ask)


@cache
def reply_to(prompt):
    return plausible(prompt)


class Trial:
    """One seed: epochs that end in a crash, and one that does not."""

    def __init__(self, seed, folder):
        self.folder = Path(folder)
        self._chance = Random(seed)
        self.story = []
        self.acknowledged = []

    def run(self):
        crashes = self._chance.randint(1, CRASHES_AT_MOST)
        for number in count():
            kind = self._chance.choice(KINDS) if number < crashes else None
            plan = Plan(kind, 1 + self._chance.randrange(20), Random(self._chance.random()))
            plan.prefetch = plan.chance.choice(MODES)
            finish = self._epoch(plan)
            did = f"{kind} after {plan.after}, prefetch {plan.prefetch}"
            self.story.append(f"{did}: {finish and finish.digest}")
            self.acknowledged += plan.acknowledged
            self._check_what_is_there()
            if finish is not None:
                return finish
            assert kind is not None, "it crashed for no reason"
            if self._chance.random() < DIVERGING:
                self._diverge()
        raise AssertionError("an epoch without a fault comes to its end")

    def _diverge(self):
        """Resume with another scenario: it ends at the first difference and records nothing."""
        run = run_in(self.folder)
        if not run.read("events")["turn"].drop_null():
            return  # nothing that landed can differ
        before = tables_in(self.folder)
        self.story.append("resumed with another scenario")
        with pytest.raises(DivergenceError):
            self._epoch(Plan(None, 1, Random(0)), slower(scenario()))
        for name, table in tables_in(self.folder).items():
            assert table.equals(before[name]), f"the table {name} has rows of another run"

    def _epoch(self, plan, world=None):
        """Play until the end or a crash; None is a crash."""
        loop = VirtualLoop()
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(self._played(plan, world or scenario(), loop.time))
        except DivergenceError:
            raise
        except (RunError, DiskError, PowerLossError):
            return None
        finally:
            for task in asyncio.all_tasks(loop):
                task.cancel()
            with suppress(Exception):
                loop.run_until_complete(asyncio.sleep(0))
            asyncio.set_event_loop(None)
            loop.close()

    async def _played(self, plan, world, clock):
        record = Record(self.folder, plan)
        try:
            return await self._play(plan, record, world, clock)
        finally:
            record.close()
            if isinstance(disk := record._recorder._disk, FragileDisk) and disk.failed:
                disk.lose_power()

    async def _play(self, plan, record, world, clock):
        model = Model(plan, reply_to)
        continuation = Continuation(run_in(self.folder))
        agent_pool = AgentPool(
            plan,
            agents_of(world),
            model,
            replies=Recorded.load(continuation.run),
            looks_ahead=plan.prefetch != "off",
        )
        finish = None
        prefetch = Prefetch(plan.prefetch, {None: 4})
        driver = Driver(world, agent_pool, record, continuation, clock=clock, prefetch=prefetch)
        async for update in driver.run():
            if plan.now("the scheduler dies"):
                raise RunError("the scheduler is gone")
            finish = update
        assert isinstance(finish, Finish)
        ledger = [one for one in closing_rows(finish, Phases()) if one[0] == "ledger"]
        await record.write(ledger)
        record.seal()
        return finish

    def _check_what_is_there(self):
        """Nothing acknowledged is lost, and no event is there without the calls behind it."""
        run, whole = run_in(self.folder), undisturbed()
        for name in ("events", "calls", "exposures"):
            known = rows_of(whole[name])
            there = rows_of(run.read(name).drop_columns(_timing(name)))
            assert there <= known, f"{name}: rows that never were: {sorted(there - known)[:2]}"
            acknowledged = rows_of(decoded(name, self.acknowledged))
            assert acknowledged <= there, f"{name}: acknowledged rows are lost"
        asked = {(row["who"], row["turn"], row["call"]) for row in run.read("calls").to_pylist()}
        landed = {(row["who"], row["turn"]) for row in run.read("events").to_pylist()}
        for row in whole["calls"].to_pylist():
            if (row["who"], row["turn"]) in landed:
                assert (row["who"], row["turn"], row["call"]) in asked, f"an event without {row}"


def run_in(folder):
    return Run(Path(folder), Manifest(id="run", created=datetime.now(UTC)))


def tables_in(folder):
    run = run_in(folder)
    return {name: run.read(name).drop_columns(_timing(name)) for name in COMPARED}


def _timing(name):
    return ["seconds"] if name == "calls" else []


def decoded(name, batches):
    read = [pa.ipc.open_stream(batch).read_all() for table, batch in batches if table == name]
    tables = [
        pa.Table.from_batches([extract_texts(name, rows)[0] if name == "calls" else rows])
        for table in read
        for rows in table.to_batches()
        if rows.num_rows
    ]
    if not tables:
        return pa.table({})
    joined = pa.concat_tables(tables)
    low, high = bounds(joined, "time")
    slices = [TableSlice(low, high, joined.num_rows, lambda: joined)]
    return pa.concat_tables(merge(TABLES[name], slices)).drop_columns(_timing(name))


def rows_of(table):
    return {repr(row) for row in table.to_pylist()}


@cache
def undisturbed():
    """The tables of a run in which nothing went wrong."""
    return _undisturbed()[0]


@cache
def digest():
    return _undisturbed()[1]


@cache
def _undisturbed():
    folder = made_folder()
    try:
        trial = Trial(0, folder)
        finish = trial._epoch(Plan(None, 1, Random(0)))
        assert finish is not None
        return tables_in(folder), finish.digest
    finally:
        shutil.rmtree(folder)


def made_folder():
    """Make a folder in memory if there is such a place: a seed syncs a hundred times."""
    import tempfile

    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))


def simulate(seed):
    """Run one seed. Raises AssertionError, with the seed and the story, if anything is wrong."""
    folder = made_folder()
    trial = Trial(seed, folder)
    try:
        finish = trial.run()
        assert finish.digest == digest(), "the world is another"
        found = tables_in(folder)
        for name, table in undisturbed().items():
            assert found[name].equals(table), f"the table {name} is another"
    except BaseException as error:
        story = "\n  ".join(trial.story)
        error.add_note(f"seed {seed}; do it again: make simulate SEED={seed}\n  {story}")
        raise
    finally:
        shutil.rmtree(folder)
