"""A model that dies in mid-run is restarted, and no prompt is lost or answered twice."""

import asyncio
import os
import signal
import time
from collections import Counter

import pytest
import ray
from hypothesis import given
from hypothesis import strategies as st
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    ObjectReconstructionFailedError,
    RayTaskError,
)

from simnet import MINUTE, Cohort, FakeModel, Run, Scenario, Steps, sample
from simnet.errors import ModelGoneError, RunError
from simnet.inference.backend import Backend
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.fakes.fake import plausible
from simnet.inference.model import Completion, Prompt
from simnet.runs.launching.launcher import RunPlan, RunResult, launch
from simnet.runtime.base import Silent
from simnet.runtime.ray.engines import llm_server
from simnet.runtime.ray.engines.llm_server import LlmServer
from simnet.runtime.ray.engines.supervisor import Supervisor
from simnet.runtime.ray.proxies import RemoteModel, RemoteServer
from simnet.runtime.restart_policy import Restarts

# -- without Ray: the double of a server that dies as it is told ----------------------


class Call:
    """Stands where a Ray actor method stands."""

    def __init__(self, method):
        self._method = method

    def options(self, **options):
        return self

    def remote(self, *arguments):
        return self._method(*arguments)


class FlakyServer:
    """Yields as many completions as each of its lives allows, then raises."""

    def __init__(self, lives, error):
        self._lives = list(lives)
        self._error = error
        self.asked = []
        self.restarts = 0
        self.generate = Call(self._generate)
        self.complete = Call(self._complete)
        self.ready = Call(self._ready)

    async def _generate(self, prompts):
        self.asked.append(list(prompts))
        left = self._lives.pop(0) if self._lives else len(prompts)
        order = sorted(range(len(prompts)), key=lambda at: prompts[at].seed % 7)
        for at in order[:left]:
            yield self._done(at, prompts[at])
        if left < len(prompts):
            raise self._error

    async def _complete(self, prompts):
        return [pair async for part in self._generate(prompts) for pair in await part]

    async def _done(self, at, prompt):
        return [(at, Completion(f"said {prompt.seed}"))]

    async def _ready(self):
        self.restarts += 1


def gone():
    return RayTaskError("generate", "", ModelGoneError("hung", "engine hung"))


def collect(server, prompts):
    async def every():
        model = RemoteModel(RemoteServer(server), "m")
        return [pair async for part in model.generate(prompts) for pair in part]

    return asyncio.run(every())


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(
    st.integers(0, 20),
    st.lists(st.integers(0, 19), max_size=5),
    st.sampled_from(
        [gone(), ActorUnavailableError("restarting", None), ObjectReconstructionFailedError("00ff")]
    ),
)
def test_each_position_is_yielded_once_however_often_the_server_dies(count, lives, error):
    prompts = [Prompt(system="", user="", seed=seed) for seed in range(count)]
    server = FlakyServer(lives, error)
    pairs = collect(server, prompts)
    assert sorted(pairs) == [(at, Completion(f"said {at}")) for at in range(count)]
    assert server.restarts == max(0, len(server.asked) - 1)
    for asked in server.asked:
        assert [prompt.seed for prompt in asked] == sorted(prompt.seed for prompt in asked)
        assert all(prompt is prompts[prompt.seed] for prompt in asked)


def test_a_server_that_stays_dead_is_a_run_error():
    server = FlakyServer([1], ActorUnavailableError("restarting", None))

    async def dead():
        raise ActorDiedError

    server.ready = Call(dead)
    with pytest.raises(RunError, match="actor died"):
        collect(server, [Prompt(system="", user="", seed=seed) for seed in range(3)])


def test_an_error_that_is_not_the_models_death_is_raised_at_once():
    server = FlakyServer([0], RayTaskError("generate", "", ZeroDivisionError("not today")))
    with pytest.raises(RunError, match="not today"):
        collect(server, [Prompt(system="", user="")])
    assert server.restarts == 0


def test_restarts_wait_longer_each_time_and_end():
    now = [0.0]
    restarts = Restarts(3, 100.0, first=1.0, longest=3.0, clock=lambda: now[0])
    assert [restarts.failed() for _ in range(4)] == [1.0, 2.0, 3.0, None]
    now[0] = 101.0
    assert restarts.failed() == 1.0


# -- without Ray: the server itself ---------------------------------------------------


def test_a_server_whose_model_is_gone_says_why_and_ends_its_process():
    def broken(prompt):
        raise ModelGoneError("no token for 60 s", "engine hung")

    async def run():
        ended = asyncio.get_running_loop().create_future()
        backend = FakeBackend(model="f", reply=broken)
        server = LlmServer(backend, end_process=ended.set_result)
        ready = await server.start()
        watching = asyncio.create_task(server.watch(ready.life))
        with pytest.raises(ModelGoneError):
            await anext(server.generate([Prompt(system="", user="")]))
        incident = await watching
        assert (incident.cause, incident.message) == ("engine hung", "no token for 60 s")
        late = [asyncio.create_task(waiting) for waiting in (server.ready(), server.start())]
        assert await ended == 1
        assert not any(task.done() for task in late), "the next process answers them"
        for task in late:
            task.cancel()

    asyncio.run(run())


def test_a_server_tells_who_watches_an_earlier_process_of_it_that_this_one_died():
    async def run():
        earlier = await LlmServer(FakeBackend()).start()
        later = LlmServer(FakeBackend())
        assert (await later.watch(earlier.life)).cause == "server died"  # before it is started
        await later.start()
        assert (await later.watch(earlier.life)).cause == "server died"

    asyncio.run(run())


# -- on Ray ---------------------------------------------------------------------------


@pytest.mark.ray
@pytest.mark.usefixtures("cluster", "patient_starts")
def test_a_server_that_dies_before_it_is_watched_is_started_again():
    async def supervise():
        server = ray.remote(LlmServer).options(max_restarts=-1).remote(FakeBackend(model="f"))
        supervisor = Supervisor(server, "f", told.append, Restarts(5, 900.0, first=0.0))
        supervisor.begin()
        ready = await server.start.remote()
        await supervisor._starting
        os.kill(ready.pid, signal.SIGKILL)
        await supervisor.up()
        model = RemoteModel(RemoteServer(server), "f")
        async for pairs in model.generate([Prompt(system="", user="", seed=3)]):
            assert [at for at, _ in pairs] == [0]
        await supervisor.stop()
        ray.kill(server)
        return supervisor.incidents

    told = []
    incidents = asyncio.run(supervise())
    assert [incident.cause for incident in incidents] == ["server died"]
    assert told[-1] == "the model f is back"


def neighbours() -> Scenario:
    people = Cohort("people", sample(4, seed=3), rhythm=Steps(10 * MINUTE), reacts_in=MINUTE)
    return Scenario("neighbours", [people], lasts=100 * MINUTE, seed=11)


def run(
    scenario: Scenario, backend: Backend | FakeModel, root, reporter=None, **options
) -> RunResult:
    return asyncio.run(launch(RunPlan(scenario, backend, root, **options), reporter))


def table(outcome: RunResult, name: str):
    found = Run.open(outcome.folder).read(name)
    return found.drop_columns(["seconds"]) if name == "calls" else found


class Counting(Silent):
    """Leaves a file each time it is told that the model is back and so watched again."""

    def __init__(self, folder):
        self._folder = folder

    def phase(self, text):
        if text.endswith(" is back"):
            back = self._folder / f"back {len(list(self._folder.glob('back *')))}"
            asyncio.get_running_loop().call_soon(back.touch)


def dying(folder, times, cause):
    """Reply as the fake does, but die before some replies, once in each of `times` processes."""

    def reply(prompt):
        # Files, because the next process has to know what this one did.
        mine = folder / f"death {os.getpid()}"
        deaths = len(list(folder.glob("death *")))
        if prompt.seed % 5 == 0 and deaths < times and not mine.exists():
            while len(list(folder.glob("back *"))) < deaths:
                time.sleep(0.02)  # nobody would hear what this process dies of
            mine.touch()
            if cause is None:
                os.kill(os.getpid(), signal.SIGKILL)
            llm_server._EXIT_DELAY = 5.0  # a busy machine hears of the cause late
            raise ModelGoneError("the engine hung: no token", cause)
        return plausible(prompt)

    return reply


@pytest.mark.ray
@pytest.mark.usefixtures("cluster", "patient_starts")
@pytest.mark.parametrize(
    ("cause", "told"),
    [("engine hung", "engine hung"), (None, "server died")],
    ids=["model-gone", "process-killed"],
)
def test_a_run_whose_server_dies_twice_leaves_the_record_of_one_that_never_died(
    tmp_path, cause, told
):
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    backend = FakeBackend(reply=dying(deaths, 2, cause), delay=lambda prompt: 0.01)
    outcome = run(neighbours(), backend, tmp_path / "runs", Counting(deaths), personas_per_actor=1)
    expected = run(neighbours(), FakeModel(), tmp_path / "runs")
    assert outcome.state == "completed"
    for name in ("events", "calls", "ledger"):
        assert table(outcome, name) == table(expected, name)
    assert Counter(outcome.finish.progress.incidents) == {told: 2}
    metrics = table(outcome, "metrics").to_pylist()
    assert [row["value"] for row in metrics if row["name"] == f"incident.{told}"] == [2.0]


@pytest.mark.ray
@pytest.mark.usefixtures("cluster", "patient_starts")
def test_a_server_that_dies_too_often_ends_the_run_with_its_last_cause(tmp_path):
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    backend = FakeBackend(reply=dying(deaths, 99, "engine hung"))
    with pytest.raises(RunError, match=r"failed 3 times, more than 2 in .* no token"):
        run(neighbours(), backend, tmp_path / "runs", Counting(deaths), restarts=2)
    (folder,) = (tmp_path / "runs").iterdir()
    record = Run.open(folder)
    assert (record.manifest.state, record.sealed) == ("failed", True)
    assert "failed 3 times" in record.manifest.error
