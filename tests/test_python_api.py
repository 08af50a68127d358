"""Running scenarios from Python: in a plain program, in an event loop, in a notebook; no Ray."""

import asyncio
import inspect
import sys

import pytest

import simnet
from simnet import HOUR, MINUTE, Cohort, Exponential, FakeModel, Run, Scenario, sample
from simnet.errors import RunError, UsageError
from simnet.inference.backends.choice import choose
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.recording.files.manifest import State
from simnet.runtime.base import Silent

TABLES = ("events", "calls", "exposures", "personas", "network", "ledger")


def town(**fields):
    people = Cohort("people", sample(6), rhythm=Exponential(15 * MINUTE), follows={"people": 0.5})
    return Scenario("town", [people], **{"lasts": 2 * HOUR, "seed": 3, **fields})


def tables(run):
    return {name: run.read(name) for name in TABLES}


def without(table, *columns):
    return table.drop_columns([name for name in columns if name in table.column_names])


def same(one, other):
    """Whether two runs have equal tables, but for the name of the model and its times."""
    pairs = zip(tables(one).values(), tables(other).values(), strict=True)
    return all(
        without(a, "seconds", "model").equals(without(b, "seconds", "model")) for a, b in pairs
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return simnet.run(town(), model=FakeModel(), out=tmp_path_factory.mktemp("whole"))


def test_a_run_in_this_process_needs_no_ray(whole, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    run = simnet.run(town(), backend="fake", ray=False, out=tmp_path)
    assert run.manifest.model.backend == "fake"
    assert same(run, whole)


def test_arun_is_awaited_beside_other_work(whole, tmp_path):
    async def main():
        first, second = await asyncio.gather(
            simnet.arun(town(), model=FakeModel(), out=tmp_path / "a"),
            simnet.arun(town(), model=FakeModel(), out=tmp_path / "b"),
        )
        return first, second

    assert all(same(run, whole) for run in asyncio.run(main()))


def test_a_run_is_shown_as_its_folder_and_its_state(whole, tmp_path):
    assert repr(whole) == f"<Run '{whole.path}', completed>"
    cut = simnet.run(town(), model=FakeModel(), out=tmp_path, run_id="cut", max_calls=3)
    assert repr([cut]) == f"[<Run '{tmp_path / 'cut'}', interrupted>]"


def test_a_model_object_of_a_run_that_ended_says_that_it_is_closed(tmp_path):
    model = FakeModel()
    simnet.run(town(), model=model, out=tmp_path)
    with pytest.raises(RunError, match="a run closes its model at its end, so make one for each"):
        simnet.run(town(), model=model, out=tmp_path)


def test_no_replicas_are_refused_and_are_not_one(whole, tmp_path):
    with pytest.raises(UsageError, match="has 0 replicas; give 1 or more"):
        simnet.run(town(), backend="fake", replicas=0, out=tmp_path)
    with pytest.raises(UsageError, match="has 0 replicas; give 1 or more"):
        whole.fork(HOUR, town(), before=town(), backend="fake", replicas=0)


def test_run_works_where_an_event_loop_runs(whole, tmp_path):
    async def main():
        return simnet.run(town(), model=FakeModel(), out=tmp_path)

    assert same(asyncio.run(main()), whole)


def test_what_a_run_raises_is_raised_where_an_event_loop_runs(tmp_path):
    async def main():
        simnet.run(town(), model=FakeModel(), backend="nope", models={"a": "b"}, out=tmp_path)

    with pytest.raises(UsageError, match="no backend 'nope'"):
        asyncio.run(main())


def test_what_a_run_raises_is_all_that_its_traceback_shows(tmp_path):
    with pytest.raises(UsageError, match="no backend 'nope'") as raised:
        simnet.run(town(), backend="nope", out=tmp_path)
    assert raised.value.__context__ is None


def test_a_seed_replaces_that_of_the_scenario_and_is_resumed(whole, tmp_path):
    other = simnet.run(town(), model=FakeModel(), seed=4, out=tmp_path)
    assert other.manifest.seed == 4
    assert not same(other, whole)
    assert same(other, simnet.run(town(seed=4), model=FakeModel(), out=tmp_path))
    cut = simnet.run(town(), model=FakeModel(), seed=4, max_calls=5, out=tmp_path)
    assert same(cut.resume(town(), model=FakeModel()), other)


def test_a_budget_stops_a_run_and_resume_completes_it(whole, tmp_path):
    cut = simnet.run(town(), backend="fake", ray=False, max_calls=5, out=tmp_path)
    assert cut.manifest.state is State.INTERRUPTED
    assert cut.read("calls").num_rows == 5
    assert same(cut.resume(town(), ray=False), whole)


def test_aresume_and_afork_are_awaited(whole, tmp_path):
    async def main():
        cut = await simnet.arun(town(), model=FakeModel(), max_calls=5, out=tmp_path)
        done = await cut.aresume(town(), model=FakeModel())
        fork = await done.afork(HOUR, town(), before=town(), model=FakeModel(), seed=9)
        return done, fork

    done, fork = asyncio.run(main())
    assert same(done, whole)
    assert fork.manifest.parent == done.id
    assert fork.manifest.seed == 9


class Watching(Silent):
    def __init__(self):
        self.folders, self.turns = [], []

    def begun(self, folder):
        self.folders.append(folder)

    def progress(self, progress):
        self.turns.append(progress.ledger.done)

    def __len__(self):  # a reporter may be a list, which is empty at first
        return len(self.turns)


def test_a_reporter_gets_the_progress(tmp_path):
    watching = Watching()
    run = simnet.run(town(), model=FakeModel(), out=tmp_path, progress=watching)
    assert watching.folders == [run.path]
    assert watching.turns[-1] == run.read("ledger")["turns"][1].as_py()


def test_progress_can_be_shown_on_the_terminal(tmp_path, capsys):
    simnet.run(town(), model=FakeModel(), out=tmp_path)
    assert capsys.readouterr().out == ""
    run = simnet.run(town(), model=FakeModel(), out=tmp_path, progress=True)
    assert run.id in capsys.readouterr().out.replace("\n", "")


def test_a_cancelled_run_is_sealed_and_can_be_resumed(whole, tmp_path):
    async def main():
        started = asyncio.Event()

        def delay(prompt):
            started.set()
            return 30.0

        slow = FakeModel(delay=delay)
        task = asyncio.create_task(simnet.arun(town(), model=slow, out=tmp_path))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    (folder,) = tmp_path.iterdir()
    run = Run.open(folder)
    assert run.manifest.state is State.INTERRUPTED
    assert same(run.resume(town(), model=FakeModel()), whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "fake", "address": "1.2.3.4:6379"}, "cannot be used without Ray"),
        ({"backend": "fake", "replicas": 2}, "2 replicas, which are actors of Ray"),
    ],
)
def test_what_needs_ray_is_refused_without_it(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        simnet.run(town(), ray=False, out=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []


def test_vllm_without_ray_is_refused_with_what_to_do(tmp_path):
    vllm = VllmBackend(model="m")
    with pytest.raises(UsageError, match=r"vllm.* needs a process of its own.*openai or fake"):
        simnet.run(town(), ray=False, model=vllm, out=tmp_path)


@pytest.mark.filterwarnings(
    "ignore:.*nobody in others follows anyone:simnet.errors.ScenarioWarning"
)
def test_model_objects_are_refused_on_ray_and_mix_with_backends_without(whole, tmp_path):
    with pytest.raises(UsageError, match="leave out ray=True"):
        simnet.run(town(), ray=True, model=FakeModel(), out=tmp_path)
    people = town().cohorts[0]
    second = Cohort("others", sample(2, seed=8), rhythm=Exponential(HOUR), model="other")
    both = Scenario("two", [people, second], lasts=HOUR, seed=1)
    run = simnet.run(
        both, ray=False, model=FakeModel(), models={"other": choose("fake")}, out=tmp_path
    )
    assert run.manifest.state is State.COMPLETED


def test_the_blocking_functions_have_the_signatures_of_the_awaited_ones():
    for name in ("run", "resume", "fork"):
        blocking, awaited = getattr(simnet, name), getattr(simnet, f"a{name}")
        assert inspect.signature(blocking) == inspect.signature(awaited)
        assert blocking.__name__ == name
        assert not inspect.iscoroutinefunction(blocking)


CELLS = (
    """
import simnet
from simnet import Cohort, Exponential, Scenario, sample

town = Scenario("town", [Cohort("people", sample(4), rhythm=Exponential(900))], lasts=7200.0)
""",
    "first = simnet.run(town, model=simnet.FakeModel(), out='runs')",
    "second = await simnet.arun(town, model=simnet.FakeModel(), out='runs')",
    "assert first.read('events').equals(second.read('events'))\nfirst.read('events').num_rows",
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_notebook_runs_a_scenario_in_a_cell_and_awaits_one_in_another(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS]
    )
    client.NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert int(notebook.cells[-1].outputs[0].data["text/plain"]) > 0
