"""Resume, replay, verify and fork, in one process."""

import asyncio
import errno
import os
import signal
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pyarrow.compute as pc
import pytest
from waiting import until

from simnet import (
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    FakeModel,
    Never,
    Persona,
    Run,
    Scenario,
    Write,
    run,
    sample,
)
from simnet.api import fork, resume
from simnet.errors import (
    ActorDiedError,
    DiskError,
    DiskFullError,
    DiskRefusalError,
    DivergenceError,
    RecordError,
    RunError,
    ScenarioError,
    SupersededError,
    UsageError,
)
from simnet.foundation.disk import Disk
from simnet.recording.checking.verify import verify
from simnet.recording.files import manifest as manifest_file
from simnet.recording.files.lock import run_lock
from simnet.recording.files.manifest import State
from simnet.recording.mirror.mirror_address import MirrorAddress
from simnet.recording.reading.run import list_runs
from simnet.recording.writing import run_directory
from simnet.recording.writing.recorder import Recorder
from simnet.runs.launching import active_run, early_end
from simnet.runs.launching.launcher import launch
from simnet.runs.options.mirror_settings import MirrorSettings
from simnet.runs.plans.plan import RunPlan
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.runs.repeats.resample import ask_again, pick
from simnet.runtime import in_process
from simnet.runtime.base import Silent
from simnet.scenario.switch import ScenarioSwitch
from simnet.scheduler.driver import Phases
from simnet.scheduler.rows import disk_retry

COMPARED = ("events", "calls", "exposures", "personas", "network", "ledger")
FORKED = 40 * MINUTE


def village(**changes):
    council = Persona(id="council", description="The town council.")
    people = Cohort(
        "people",
        sample(6, seed=3),
        rhythm=Exponential(10 * MINUTE),
        reacts_in=4 * MINUTE,
        follows={"officials": 1.0, "people": 0.5},
    )
    cues = [Cue(MINUTE, "council", Write("Parking becomes a bike lane."))]
    officials = Cohort("officials", [council], rhythm=Never())
    scenario = Scenario("village", [officials, people], cues, lasts=90 * MINUTE, seed=11)
    return replace(scenario, **changes)


def with_cohort(scenario, **changes):
    officials, people = scenario.cohorts
    return replace(scenario, cohorts=[officials, replace(people, **changes)])


class Dying(FakeModel):
    """Completes so many prompts and is gone once some of what came of them is on disk."""

    def __init__(self, left, root):
        super().__init__(delay=lambda prompt: 0.02)
        self.left = left
        self._root = root

    async def generate(self, prompts):
        async for finished in super().generate(prompts):
            self.left -= len(finished)
            if self.left < 0:
                await until(self._is_recorded)
                raise RunError("the model is gone")
            yield finished

    def _is_recorded(self):
        (this,) = (run for run in list_runs(self._root) if run.manifest.state is State.RUNNING)
        return all(this.read(name).num_rows for name in ("calls", "events", "exposures"))


def tables(opened):
    found = {name: opened.read(name) for name in COMPARED}
    found["calls"] = found["calls"].drop_columns(["seconds"])
    return found


@pytest.fixture(scope="module")
def parent(tmp_path_factory):
    return run(village(), model=FakeModel(), out=tmp_path_factory.mktemp("runs"))


@pytest.fixture
def broken(tmp_path):
    with pytest.raises(RunError):
        run(village(), model=Dying(17, tmp_path), out=tmp_path)
    (folder,) = tmp_path.iterdir()
    return Run.open(folder)


def test_a_resumed_run_is_the_undisturbed_one(parent, broken):
    assert broken.manifest.state is State.FAILED
    whole = resume(broken, village(), model=FakeModel())
    assert whole.manifest.state is State.COMPLETED
    assert tables(whole) == tables(parent)
    assert whole.manifest.state_hash == parent.manifest.state_hash


def test_recorded_calls_are_not_made_again(broken):
    known = broken.read("calls").num_rows
    asked = []

    def counting(prompt):
        asked.append(prompt)
        return FakeModel()._reply(prompt)

    whole = resume(broken, village(), model=FakeModel(counting))
    assert known > 0
    assert len(asked) == whole.read("calls").num_rows - known


def test_another_prompt_stops_the_run_and_is_shown(broken):
    assert broken.read("calls").num_rows > 0
    other = with_cohort(village(), manner="Be furious.")
    with pytest.raises(
        DivergenceError, match=r"(?s)turn \d+ of @\w+ at .*\+.*Be furious"
    ) as caught:
        resume(broken, other, model=FakeModel())
    assert caught.value.exit_code == 4


def test_what_is_complete_is_not_resumed(parent):
    with pytest.raises(UsageError, match="is complete"):
        resume(parent, village(), model=FakeModel())


def test_what_another_process_runs_is_not_resumed(broken):
    with run_lock(broken.path), pytest.raises(RecordError, match="is being run by process"):
        resume(broken, village(), model=FakeModel())


def test_a_replay_comes_out_the_same(parent):
    told = replay(parent, ScenarioTimeline(village()))
    assert told.differences == ()
    assert told.complete
    assert told.state_hash == parent.manifest.state_hash


def test_a_replay_of_half_a_run_comes_as_far_as_its_record(broken):
    told = replay(broken, ScenarioTimeline(village()))
    assert told.differences == ()
    assert not told.complete


def test_a_replay_names_the_first_difference(parent):
    other = village(cues=[Cue(MINUTE, "council", Write("Parking becomes a bike lane!"))])
    with pytest.raises(DivergenceError, match="bike lane!"):
        replay(parent, ScenarioTimeline(other))


def test_a_whole_record_passes_every_check(parent):
    assert [check for check in verify(parent) if check.problems] == []


def test_a_flipped_byte_is_found(broken):
    (part,) = (broken.path / "calls").glob("*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    problems = [problem for check in verify(broken) for problem in check.problems]
    assert any("checksum" in problem for problem in problems)


def test_calls_asked_again_are_compared(parent):
    picked = pick(parent, ScenarioTimeline(village()), 10)
    assert len(picked) == 10
    same = asyncio.run(ask_again(FakeModel().generate, picked))
    assert (same.asked, same.same) == (10, 10)
    other = asyncio.run(ask_again(FakeModel(lambda prompt: "no").generate, picked))
    assert other.same == 0


def test_a_fork_without_a_change_is_its_parent(parent):
    same = fork(parent, FORKED, village(), before=village(), model=FakeModel())
    assert same.manifest.parent == parent.id
    assert tables(same) == tables(parent)
    assert same.manifest.state_hash == parent.manifest.state_hash


def test_a_fork_shares_its_past_and_copies_none_of_it(parent):
    extra = Cue(50 * MINUTE, "council", Write("No, it does not."))
    other = village(cues=[*village().cues, extra], lasts=120 * MINUTE)
    child = fork(parent, FORKED, other, before=village(), model=FakeModel())
    before, after = parent.read("events"), child.read("events")
    early = pc.field("time") < extra.at
    assert after.filter(early).equals(before.filter(early))
    assert after.num_rows > before.num_rows
    assert "No, it does not." in after["text"].to_pylist()
    own = child.sealed_files().tables["events"]
    assert min(part.low for part in own) >= FORKED
    timeline = ScenarioTimeline(village(), (ScenarioSwitch(FORKED, other),))
    assert replay(child, timeline).differences == ()
    assert [check for check in verify(child) if check.problems] == []


def test_a_fork_changes_nothing_before_its_time(parent):
    other = with_cohort(village(), manner="Be furious.", rhythm=Exponential(5 * MINUTE))
    child = fork(parent, FORKED, other, before=village(), model=FakeModel())
    calls = child.prompts(["time", "system"]).read_all()
    furious = pc.match_substring(calls["system"], "furious")
    assert pc.all(pc.equal(furious, pc.greater_equal(calls["time"], FORKED))).as_py()
    assert calls.num_rows > parent.read("calls").num_rows


def test_a_fork_keeps_its_people(parent):
    fewer = with_cohort(village(), personas=sample(5, seed=3))
    with pytest.raises(ScenarioError, match="'people' has other members"):
        fork(parent, FORKED, fewer, before=village(), model=FakeModel())


def test_a_fork_whose_parent_is_gone_says_so(parent, tmp_path):
    child = fork(parent, FORKED, village(), before=village(), model=FakeModel())
    alone = child.path.rename(tmp_path / child.id)
    with pytest.raises(RecordError, match="was forked from the run"):
        Run.open(alone).read("events")


# -- what a crash and a disk can do -------------------------------------------------------


def test_a_model_that_says_something_else_after_a_crash_leaves_one_possible_run(broken):
    """A reply that was used and not recorded leaves no trace, whatever comes in its place."""
    known = {row["prompt_hash"] for row in broken.read("calls").to_pylist()}
    other = FakeModel(lambda prompt: "write: Something else altogether.")
    whole = resume(broken, village(), model=other)
    assert replay(whole, ScenarioTimeline(village())).differences == ()
    assert [check for check in verify(whole) if check.problems] == []
    said = {row["prompt_hash"]: row["completion"] for row in whole.read("calls").to_pylist()}
    assert any("Something else" not in said[one] for one in known)
    assert all("Something else" in reply for one, reply in said.items() if one not in known)


@pytest.fixture
def unsealed(tmp_path, monkeypatch):
    """A run that broke off and could not even seal its record."""

    def fails(self):
        raise DiskError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "seal", fails)
        with pytest.raises(RunError):
            run(village(), model=Dying(17, tmp_path), out=tmp_path)
    (folder,) = tmp_path.iterdir()
    return Run.open(folder)


@pytest.mark.parametrize("name", ["events", "exposures", "personas", "network"])
def test_rows_that_were_lost_to_a_damaged_segment_come_back(parent, unsealed, name):
    (segment,) = (unsealed.path / "wal").glob(f"{name}-*.arrows")
    segment.write_bytes(segment.read_bytes()[: segment.stat().st_size // 2])
    assert tables(resume(unsealed, village(), model=FakeModel())) == tables(parent)


def test_calls_that_were_lost_are_asked_again(parent, unsealed):
    (segment,) = (unsealed.path / "wal").glob("calls-*.arrows")
    known = unsealed.read("calls").num_rows
    segment.write_bytes(segment.read_bytes()[:-40])
    assert unsealed.read("calls").num_rows < known
    assert tables(resume(unsealed, village(), model=FakeModel())) == tables(parent)


class Watching(Silent):
    """Keeps what it is told, and the state that the manifest had then."""

    def begun(self, folder):
        self.folder, self.seen = folder, []

    def phase(self, text):
        self.seen.append((text, Run.open(self.folder).manifest.state))


class FullForAWhile(Disk):
    """Has no room for as many writes as it is told."""

    left = 0

    def write(self, descriptor, data):
        if self.left:
            self.left -= 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(descriptor, data)


def test_a_full_disk_pauses_the_run_which_goes_on_when_there_is_room(parent, tmp_path, monkeypatch):
    disk, filled = FullForAWhile(), []

    class Filling(FakeModel):
        async def generate(self, prompts):
            async for finished in super().generate(prompts):
                if not filled:
                    disk.left = 3
                    filled.append(finished)
                yield finished

    monkeypatch.setattr(in_process, "Recorder", partial(Recorder, disk=disk))
    monkeypatch.setattr(disk_retry, "RETRY_SECONDS", 0.02)
    watching = Watching()
    outcome = asyncio.run(launch(RunPlan(village(), Filling(), tmp_path), watching))
    assert (outcome.state, disk.left) == ("completed", 0)
    texts = [text for text, _ in watching.seen]
    assert any(
        text.startswith("paused: ") and "the disk is full; make room" in text for text in texts
    )
    (state,) = {state for text, state in watching.seen if text == "there is room again; going on"}
    assert state is State.PAUSED
    assert tables(Run.open(outcome.folder)) == tables(parent)


@pytest.mark.parametrize(("state", "times"), [(State.RUNNING, 1), (State.COMPLETED, 3)])
def test_a_disk_too_full_for_the_manifest_is_waited_for(
    parent, tmp_path, monkeypatch, state, times
):
    refused = []

    def write_manifest(folder, manifest, disk):
        if manifest.state is state and len(refused) < times:
            refused.append(manifest)
            raise DiskFullError("the disk is full")
        manifest_file.write_manifest(folder, manifest, disk)

    monkeypatch.setattr(run_directory, "write_manifest", write_manifest)
    monkeypatch.setattr(disk_retry, "RETRY_SECONDS", 0.02)
    watching = Watching()
    outcome = asyncio.run(launch(RunPlan(village(), FakeModel(), tmp_path), watching))
    assert len(refused) == times
    told = [text for text, _ in watching.seen if text.startswith(("paused", "there is room"))]
    assert told == ["paused: the disk is full", "there is room again; going on"]
    done = Run.open(outcome.folder)
    assert outcome.state is State.COMPLETED
    assert (done.manifest.state, done.manifest.error) == (State.COMPLETED, None)
    assert tables(done) == tables(parent)


class Refusing(Disk):
    """Raises an error at every write to Parquet files, or to segments, once it is told to."""

    def __init__(self, code, where):
        self.code, self.where, self.on = code, where, False

    def create(self, path):
        if self.on and path.suffix == self.where:
            raise OSError(self.code, os.strerror(self.code), str(path))
        return super().create(path)

    def write(self, descriptor, data):
        if self.on and self.where == ".arrows":
            raise OSError(self.code, os.strerror(self.code))
        super().write(descriptor, data)


@pytest.mark.parametrize(("where", "phase"), [(".arrows", "turns"), (".parquet", "sealing")])
def test_an_error_of_the_disk_that_does_not_pass_ends_the_run(
    parent, tmp_path, monkeypatch, where, phase
):
    disk = Refusing(errno.EROFS, where)

    class Spoiling(FakeModel):
        async def generate(self, prompts):
            async for finished in super().generate(prompts):
                disk.on = True
                yield finished

    monkeypatch.setattr(in_process, "Recorder", partial(Recorder, disk=disk))
    watching = Watching()
    with pytest.raises(DiskRefusalError, match="Read-only file system"):
        asyncio.run(launch(RunPlan(village(), Spoiling(), tmp_path), watching))
    assert not any(text.startswith("paused") for text, _ in watching.seen), phase
    broken = Run.open(watching.folder)
    assert broken.manifest.state is State.FAILED
    assert "Read-only file system" in broken.manifest.error
    monkeypatch.undo()
    assert tables(resume(broken, village(), model=FakeModel())) == tables(parent)


def test_a_signal_ends_the_wait_for_a_full_disk_while_sealing(parent, tmp_path, monkeypatch):
    disk = Refusing(errno.ENOSPC, ".parquet")
    disk.on = True

    class Interrupting(Watching):
        def phase(self, text):
            super().phase(text)
            if text.startswith("paused"):
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(in_process, "Recorder", partial(Recorder, disk=disk))
    monkeypatch.setattr(early_end, "Recorder", partial(Recorder, disk=disk))
    monkeypatch.setattr(disk_retry, "RETRY_SECONDS", 10_000.0)
    watching = Interrupting()
    with pytest.raises(DiskFullError) as caught:
        asyncio.run(launch(RunPlan(village(), FakeModel(), tmp_path), watching))
    assert caught.value.exit_code == 128 + signal.SIGINT
    assert ("sealing the record", State.RUNNING) in watching.seen
    broken = Run.open(watching.folder)
    assert broken.manifest.state is State.INTERRUPTED
    monkeypatch.undo()
    assert tables(resume(broken, village(), model=FakeModel())) == tables(parent)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_run_that_another_process_took_over_leaves_the_record_to_that(parent, tmp_path, mirrored):
    class TakingOver(Watching):
        other = None

        def progress(self, progress):
            if self.other is None:  # as where the lock does not hold between two machines
                self.other = Recorder(self.folder)
                self.manifest = (self.folder / "manifest.json").read_bytes()

    address = MirrorAddress.read(f"file://{tmp_path}/mirror")
    mirror = MirrorSettings(address) if mirrored else None
    watching = TakingOver()
    with pytest.raises(SupersededError, match="epoch 2 has taken over from epoch 1"):
        asyncio.run(
            launch(RunPlan(village(), FakeModel(), tmp_path / "runs", mirror=mirror), watching)
        )
    assert (watching.folder / "manifest.json").read_bytes() == watching.manifest
    with watching.other as recorder:
        recorder.seal()
    left = Run.open(watching.folder)
    again = resume(left, village(), model=FakeModel(), mirror="off")
    assert tables(again) == tables(parent)


def test_a_signal_before_it_is_noticed_that_another_took_over_takes_nothing_from_that(
    parent, tmp_path
):
    class Interrupting(Watching):
        other = None

        def progress(self, progress):
            if self.other is None:
                self.other = Recorder(self.folder)
                self.manifest = (self.folder / "manifest.json").read_bytes()
                for number in (signal.SIGTERM, signal.SIGINT):  # the second does not wait
                    os.kill(os.getpid(), number)

    watching = Interrupting()
    with pytest.raises(SupersededError):
        asyncio.run(launch(RunPlan(village(), FakeModel(), tmp_path / "runs"), watching))
    assert (watching.folder / "manifest.json").read_bytes() == watching.manifest
    with watching.other as recorder:
        recorder.seal()
    again = resume(Run.open(watching.folder), village(), model=FakeModel())
    assert tables(again) == tables(parent)


def test_a_full_disk_is_waited_for_while_the_record_of_a_run_that_is_rebuilt_is_opened(
    tmp_path, monkeypatch
):
    cluster = pytest.importorskip("simnet.runtime.ray.cluster")
    monkeypatch.setattr(disk_retry, "RETRY_SECONDS", 0.0)
    asked, told = [], []

    async def start(epoch):
        asked.append(epoch)
        if len(asked) < 3:
            raise DiskFullError("opening the record: the disk is full")
        return 7

    rebuilt = cluster.Cluster(village(), {}, tmp_path, report=told.append)
    rebuilt.epoch = 4
    rebuilt._recorder = SimpleNamespace(start=SimpleNamespace(remote=start))
    asyncio.run(rebuilt._open_record())
    assert asked == [5, None, None]  # what the failed attempt took is not known
    assert rebuilt.epoch == 7
    assert told == [
        "paused: opening the record: the disk is full",
        "there is room again; going on",
    ]


def dying(waits, monkeypatch):
    """A runtime whose actors die whenever they are made; notes the waits in between."""

    class Dying:
        epoch, placement, phases = None, None, Phases()

        async def __aenter__(self):
            raise ActorDiedError("an actor died")

        async def __aexit__(self, *error): ...

        async def close(self): ...

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(active_run, "make_runtime", lambda *arguments: Dying())
    monkeypatch.setattr(active_run.asyncio, "sleep", sleep)


def test_actors_that_die_again_and_again_are_made_again_after_growing_waits(tmp_path, monkeypatch):
    waits = []
    dying(waits, monkeypatch)
    with pytest.raises(RunError, match="actors died more than 10 times in 15 minutes"):
        asyncio.run(launch(RunPlan(village(), FakeModel(), tmp_path)))
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]


def test_a_signal_that_comes_as_the_run_is_over_is_told(tmp_path):
    class Interrupting(Watching):
        def phase(self, text):
            super().phase(text)
            if text == "shutting down":  # the event loop looks for no signal any more
                os.kill(os.getpid(), signal.SIGTERM)

    outcome = asyncio.run(launch(RunPlan(village(), FakeModel(), tmp_path), Interrupting()))
    assert (outcome.state, outcome.signal) == (State.COMPLETED, signal.SIGTERM)
