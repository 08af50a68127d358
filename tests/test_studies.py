"""Studies: what is refused, how they run, go on and fork, and that results do not depend on it."""

import hashlib
import json
import math
import signal
import subprocess
import sys
from dataclasses import replace

import psutil
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner
from waiting import survivors

from simnet import (
    HOUR,
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
    sample,
)
from simnet.behaviours import lurk
from simnet.cli.app import app
from simnet.errors import RecordError, RunError, ScenarioError, SimnetError, UsageError
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.studies import (
    Figure,
    Hypothesis,
    Reference,
    Study,
    actions,
    cost,
    measure,
    report_study,
    run_study,
)
from simnet.studies.reporting.recorded_study import read_study
from simnet.studies.running.code_record import read_code
from simnet.studies.running.study_folder import StudyFolder

pytestmark = pytest.mark.slow


def town(likes: float = 0.1, people: int = 12, lasts: float = 6 * HOUR) -> Scenario:
    mayor = Persona(id="mayor", description="The mayor.")
    return Scenario(
        "town",
        [
            Cohort("mayors", [mayor], rhythm=Never()),
            Cohort(
                "people",
                sample(people, seed=3),
                behaviour=lurk(likes),
                rhythm=Exponential(30 * MINUTE),
                follows={"mayors": 1.0},
            ),
        ],
        [Cue(hour * HOUR, "mayor", Write(f"Bridge closed, day {hour}.")) for hour in range(1, 5)],
        lasts=lasts,
    )


def talk() -> Scenario:
    asks = Cohort("people", sample(2), rhythm=Exponential(HOUR), follows={"people": 1.0})
    return Scenario("talk", [asks], [Cue(60.0, sample(2)[0].id, Write("Hi."))], lasts=3 * HOUR)


LIKES = actions("like")
QUIET, LOUD = town(0.1), town(0.9)


def likes(name="likes", **fields) -> Study:
    given = {"arms": {"quiet": QUIET, "loud": LOUD}, "measures": [LIKES], "seeds": range(3)}
    return Study(name, **{**given, **fields})


def ran(study, out, **options):
    return run_study(study, out, backend="fake", **options)


def checksum(folder):
    return hashlib.sha256((folder / "results.parquet").read_bytes()).hexdigest()


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"arms": {}}, "has no arms"),
        ({"measures": []}, "has no measures"),
        ({"seeds": []}, "has no seeds"),
        ({"seeds": [1, 2, 1]}, "has the seed 1 twice"),
        ({"measures": [LIKES, LIKES]}, "has the measure actions like twice"),
        ({"arms": {"a": QUIET, "b": QUIET}}, "arms 'a' and 'b' are the same"),
        ({"arms": {"a": QUIET, "b": town(0.2, people=13)}}, "have different people"),
        ({"parameters": {"people": [3, 4]}}, "arm 'quiet' is a scenario, which no parameter"),
        ({"arms": {"a": town, "b": QUIET}, "parameters": {"people": []}}, "'people' has no values"),
        ({"arms": {"a": town}, "parameters": {"peple": [3]}}, "did you mean 'people'"),
        ({"arms": {"a": lambda: 3}}, "returned int, no Scenario"),
        ({"fork_at": 7 * HOUR}, "fork_at=25200.0 is not within the first arm"),
        (
            {"hypotheses": [Hypothesis("h", "actions lik", "loud", "quiet")]},
            "no measure 'actions lik'; did you mean 'actions like'",
        ),
        (
            {"hypotheses": [Hypothesis("h", "actions like", "lod", "quiet")]},
            "no arm 'lod'; did you mean 'loud'",
        ),
        (
            {"hypotheses": [Hypothesis("h", "actions like", "loud", "quiet", group="peple")]},
            "gives no figure of group 'peple'; name what .*: the whole run, 'mayors', 'people'",
        ),
        (
            {"hypotheses": [Hypothesis("h", "cost", "loud", "quiet")], "measures": [cost()]},
            "'cost' gives no figure of the whole run; .*: 'calls', 'tokens in', 'tokens out'",
        ),
        (
            {
                "hypotheses": [Hypothesis("h", "actions every 3600 s", "loud", "quiet")],
                "measures": [actions(every=HOUR)],
            },
            "gives figures of times alone, and a hypothesis is about one figure of each run",
        ),
        (
            {"references": [Reference("actions like", 1.0, "a book", group="cats")]},
            "reference from 'a book': measure 'actions like' gives no figure of group 'cats'",
        ),
    ],
)
def test_a_study_that_cannot_be_is_refused_when_it_is_made(fields, message):
    with pytest.raises(ScenarioError, match=message):
        likes(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"arm": "a", "baseline": "a"}, "compares 'a' with itself"),
        ({"arm": "a", "baseline": "b", "expects": "equal"}, "give margin="),
        ({"arm": "a", "baseline": "b", "margin": 1.0}, "give margin="),
        ({"arm": "a", "baseline": "b", "expects": "equal", "margin": -1.0}, "is no number above"),
        ({"arm": "a", "baseline": "b", "expects": "equal", "margin": math.nan}, "is no number"),
    ],
)
def test_a_hypothesis_that_cannot_be_tested_is_refused(fields, message):
    with pytest.raises(ScenarioError, match=message):
        Hypothesis("h", "likes", **fields)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (float("nan"), "gave nan for the run"),
        ("many", "gave 'many'"),
        ({"people": None}, "gave None for people"),
        ([Figure(1.0), Figure(2.0)], "1 figures for a group and time that has one already"),
    ],
)
def test_what_a_measure_may_not_return_fails_its_run_alone(returned, message, tmp_path):
    odd = measure("odd")(lambda run: returned if run.manifest.seed == 1 else 1.0)
    done = ran(likes(arms={"quiet": QUIET}, measures=[odd]), tmp_path / "s")
    assert done.complete == 2
    (failure,) = done.failures.values()
    assert message in str(failure)


FAILING = """
from test_studies import LIKES, likes, measure

@measure("odd")
def odd(run):
    if run.manifest.seed == 1:
        raise ValueError("seed 1 is odd")
    return 1.0

study = likes(measures=[LIKES, odd], seeds=range(2))
"""


def test_a_measure_that_fails_is_told_by_status_report_and_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "failing.py").write_text(FAILING, encoding="utf-8")

    def told(*words):
        return CliRunner().invoke(app, ["study", *words]).output

    done = "4 of 4 runs complete, 2 of them measured by all measures"
    lines = [
        f"{arm} seed 1: no figures of measure odd: ValueError: seed 1 is odd"
        for arm in ("quiet", "loud")
    ]
    assert f"{done}, in studies/likes" in told("run", "failing.py", "--backend", "fake")
    status = told("status", "failing.py")
    assert all(line in status for line in [*lines, done])
    page = report_study(tmp_path / "studies" / "likes", figures=False).path.read_text("utf-8")
    assert "Measure odd has no figures of loud with seed 1: ValueError: seed 1 is odd." in page
    facts = json.loads(told("status", "failing.py", "--json"))
    assert (facts["complete"], facts["measured"]) == (4, 2)
    assert [one["unmeasured"] for one in facts["runs"]][:2] == [{}, {}]
    (tmp_path / "failing.py").write_text(FAILING.replace("seed == 1", "seed == 2"))
    assert "4 of 4 runs complete, in" in told("resume", "failing.py", "--backend", "fake")
    assert "no figures" not in told("status", "failing.py")


def test_progress_counts_what_a_study_lacked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "more.py"
    for seeds, lines in (
        (2, ["1/4 quiet seed 0: complete", "4/4 loud seed 1: complete"]),
        (3, ["4 of 6 runs there already", "1/2 quiet seed 2: complete"]),
    ):
        text = f"from test_studies import likes\n\nstudy = likes(seeds=range({seeds}))\n"
        file.write_text(text, encoding="utf-8")
        told = CliRunner().invoke(app, ["study", "run", "more.py", "--backend", "fake"]).stderr
        written = told.splitlines()
        assert [line for line in written if line in lines] == lines
        assert len([line for line in written if ": complete" in line]) == int(lines[-1][2])


def test_a_measure_of_a_table_that_is_not_there_is_one_error(tmp_path):
    name = "evens"  # that it is no table shows only when it is read
    wrong = measure("wrong")(lambda run: float(len(run.read(name))))
    study = likes(arms={"quiet": QUIET}, measures=[wrong, LIKES], seeds=[0])
    done = ran(study, tmp_path / "s")
    assert "measure wrong of run" in str(done.failures["quiet seed 0"])
    assert done.complete == 0
    assert set(done.results.table["measure"].to_pylist()) == {"actions like"}
    (run,) = (tmp_path / "s" / "runs").iterdir()
    name = "events"
    again = ran(study, tmp_path / "s")
    assert (again.complete, dict(again.failures)) == (1, {})
    assert set(again.results.table["measure"].to_pylist()) == {"actions like", "wrong"}
    assert [run] == list((tmp_path / "s" / "runs").iterdir())


@pytest.mark.parametrize(
    "function",
    [
        lambda run: float(len(run.read("evens"))),
        lambda run: float(
            sum(len(run.read(name)) for name in ("events",)) + len(run.read("evens"))
        ),
        lambda run: [float(part.num_rows) for part in run.batches("evens")],
        lambda run: float(next(run.table(name) for name in ["events"] if run.table("evens"))),
    ],
)
def test_a_measure_that_names_a_table_that_no_run_has_is_refused_before_any_run(function):
    with pytest.raises(ScenarioError, match="measure 'wrong' reads the table 'evens', which no run "
                       "has; did you mean 'events'"):  # fmt: skip
        measure("wrong")(function)


def test_tables_that_a_measure_declares_are_checked_before_any_run():
    with pytest.raises(ScenarioError, match="reads the table 'survey', which no run has; there"):
        measure("wrong", tables=["events", "survey"])(lambda run: 1.0)
    other = {"read": lambda name: name}
    assert measure("right")(lambda run: len(other["read"]("evens")))


def test_a_folder_of_another_study_or_of_something_else_is_refused(tmp_path):
    ran(likes(), tmp_path / "s")
    longer = likes(arms={"quiet": QUIET, "loud": town(0.9, lasts=5 * HOUR)})
    with pytest.raises(UsageError, match=r"of another plan: arm 'loud' \(lasts\) differ"):
        ran(longer, tmp_path / "s")
    with pytest.raises(UsageError, match=r"arm 'third' \(new\)"):
        ran(likes(arms={"quiet": QUIET, "loud": LOUD, "third": town(0.5)}), tmp_path / "s")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds no study and is no empty folder"):
        ran(likes(), tmp_path / "other")
    with pytest.raises(UsageError, match=r"notes\.txt holds no study and is no empty folder"):
        ran(likes(), tmp_path / "other" / "notes.txt")
    with pytest.raises(UsageError, match="processes=2 and parallel=3: give one of them"):
        ran(likes(), tmp_path / "s", processes=2, parallel=3)
    with pytest.raises(UsageError, match="parallel=0: give 1 or more"):
        ran(likes(), tmp_path / "s", parallel=0)
    with pytest.raises(
        UsageError, match="processes=2: runs in processes of their own share no engine"
    ):
        run_study(likes(arms={"quiet": talk()}), tmp_path / "s", processes=2)
    with pytest.raises(UsageError, match="processes=0"):
        ran(likes(), tmp_path / "s", processes=0)
    with pytest.raises(UsageError, match="a model object serves one run"):
        run_study(likes(), tmp_path / "s", model=FakeModel())


def test_an_arm_whose_code_was_changed_after_its_runs_is_refused_unless_forced(tmp_path):
    done = ran(likes(seeds=range(2)), tmp_path / "s")
    changed = likes(arms={"quiet": QUIET, "loud": town(0.8)})
    with pytest.raises(UsageError, match="the code of arm 'loud' has changed since its runs began"):
        ran(changed, tmp_path / "s")
    assert ran(replace(changed, seeds=range(2)), tmp_path / "s").complete == 4  # lacks no run
    assert ran(likes(), tmp_path / "s").complete == 6
    told = "The code of arm loud was changed between its runs."
    assert told not in report_study(done.folder, figures=False).path.read_text(encoding="utf-8")
    forced = ran(replace(changed, seeds=range(4)), tmp_path / "s", force=True)
    assert forced.complete == 8
    assert told in report_study(done.folder, figures=False).path.read_text(encoding="utf-8")
    again = likes(seeds=range(5))
    with pytest.raises(UsageError, match="have replies of the backend 'fake'"):
        run_study(again, tmp_path / "s", backend="openai", force=True)
    with pytest.raises(UsageError, match="the code of arm 'loud' has changed"):
        ran(again, tmp_path / "s")


def test_code_may_change_before_the_first_run_of_its_arm(tmp_path):
    study = likes(seeds=[0])
    folder = StudyFolder.made(tmp_path / "s", study)
    folder.take_code(["quiet", "loud"], force=False)
    changed = likes(arms={"quiet": QUIET, "loud": town(0.8)}, seeds=[0])
    assert ran(changed, tmp_path / "s").complete == 2
    record = read_code(tmp_path / "s")
    assert {len(one) for one in [*record.arms.values(), *record.measures.values()]} == {1}


def test_an_arm_that_failed_in_its_code_is_run_again_once_that_is_mended(tmp_path):
    def study(turns, seeds=2, **fields):
        async def reads(me, view, ask):
            return () if view.turn < turns else {}["mood"]

        people = Cohort("people", sample(3), behaviour=reads, rhythm=Exponential(HOUR))
        broken = Scenario("town", [people], lasts=6 * HOUR)
        arms = {"whole": replace(broken, lasts=3 * HOUR), "broken": broken}
        return likes(arms=arms, seeds=range(seeds), measures=[actions()], **fields)

    failed = ran(study(1), tmp_path / "s")
    assert len(failed.failures) == 4
    mended = ran(study(99), tmp_path / "s")
    assert (mended.complete, mended.failures) == (4, {})
    assert mended.results.table.equals(ran(study(99), tmp_path / "new").results.table)
    page = report_study(mended.folder, figures=False).path.read_text(encoding="utf-8")
    assert "was changed between its runs" not in page
    with pytest.raises(UsageError, match="the code of arm 'whole', 'broken' has changed"):
        ran(study(98, seeds=3), tmp_path / "s")


def test_a_past_that_forks_share_is_not_run_again(tmp_path):
    async def breaks(me, view, ask):
        return () if view.now < 4 * HOUR else {}["mood"]

    async def mended(me, view, ask):
        return ()

    def study(behaviour):
        people = Cohort("people", sample(3), behaviour=behaviour, rhythm=Exponential(HOUR))
        town = Scenario("town", [people], lasts=6 * HOUR)
        calm = replace(town, cohorts=[replace(people, behaviour=mended)])
        return likes(arms={"one": town, "two": calm}, seeds=[0], measures=[actions()], fork_at=HOUR)

    assert ran(study(breaks), tmp_path / "s").complete == 1
    with pytest.raises(UsageError, match="the code of arm 'one' has changed"):
        ran(study(lurk(0.1)), tmp_path / "s")


@pytest.mark.parametrize("options", [{}, {"processes": 2}])
def test_runs_are_measured_anew_by_a_measure_whose_code_was_changed(tmp_path, options):
    def measured(value):
        return likes(measures=[LIKES, measure("of code")(lambda run: value)], seeds=range(2))

    first = ran(measured(1.0), tmp_path / "s", **options)
    runs = set((tmp_path / "s" / "runs").iterdir())
    again = ran(measured(2.0), tmp_path / "s", **options)
    with pytest.raises(
        UsageError, match="no figure of group 'adults'; there are the whole run, 'm"
    ):
        first.results.difference("actions like", "loud", "quiet", group="adults")
    assert set(first.results.values("of code", "loud").values()) == {1.0}
    assert set(again.results.values("of code", "loud").values()) == {2.0}
    assert again.results.values("actions like", "loud") == first.results.values(
        "actions like", "loud"
    )
    assert set((tmp_path / "s" / "runs").iterdir()) == runs
    reports = []
    ran(measured(2.0), tmp_path / "s", report=lambda unit, error: reports.append(unit), **options)
    assert reports == []
    page = report_study(first.folder, figures=False).path.read_text(encoding="utf-8")
    assert "The code of measure of code was changed after the study had begun" in page


# -- how it runs -------------------------------------------------------------------------------


def test_results_are_equal_however_and_how_often_a_study_is_run(tmp_path):
    first = ran(likes(), tmp_path / "a")
    assert (first.complete, first.failures) == (6, {})
    ran(likes(), tmp_path / "b", processes=2)
    assert checksum(tmp_path / "a") == checksum(tmp_path / "b")
    table = pq.read_table(tmp_path / "a" / "results.parquet")
    assert set(table["arm"].to_pylist()) == {"quiet", "loud"}
    assert table.schema.names == [
        "study", "arm", "parameters", "seed", "measure", "group", "time", "value",
    ]  # fmt: skip


def test_one_more_seed_leaves_the_rows_of_the_others(tmp_path):
    before = ran(likes(), tmp_path / "s").results.table
    runs = set((tmp_path / "s" / "runs").iterdir())
    after = ran(likes(seeds=range(4)), tmp_path / "s").results.table
    assert after.slice(0, len(before)).equals(before)
    assert len(after) > len(before)
    assert runs < set((tmp_path / "s" / "runs").iterdir())
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 8
    page = report_study(tmp_path / "s", figures=False).path.read_text(encoding="utf-8")
    assert "Added after the pre-registration: 1 seed an arm (3)." in page


def test_a_measure_that_is_added_needs_no_run_again(tmp_path):
    ran(likes(), tmp_path / "s")
    reports = []
    more = likes(measures=[LIKES, actions()])
    done = ran(more, tmp_path / "s", report=lambda unit, error: reports.append(unit.key))
    assert set(done.results.table["measure"].to_pylist()) == {"actions like", "actions"}
    assert len(list((tmp_path / "s" / "runs").iterdir())) == len(reports) == 6


def test_parameters_cross_with_arms(tmp_path):
    study = likes(
        arms={"quiet": lambda people: town(0.1, people), "loud": lambda people: town(0.9, people)},
        parameters={"people": [4, 8]},
        seeds=[0],
    )
    done = ran(study, tmp_path / "s")
    assert [cell.label for cell in study.cells] == [
        "quiet[people=4]", "loud[people=4]", "quiet[people=8]", "loud[people=8]",
    ]  # fmt: skip
    assert done.results.values("actions like", "loud[people=8]")[0] > 0


def test_arms_that_fork_share_their_past(tmp_path):
    study = likes(fork_at=3 * HOUR, seeds=range(2))
    done = ran(study, tmp_path / "s")
    assert done.failures == {}
    folder = StudyFolder.opened(tmp_path / "s", study)
    for seed in range(2):
        quiet, loud = (folder.run_of(unit) for unit in study.units if unit.seed == seed)
        assert loud.manifest.parent == quiet.id
        past = [
            [row for row in run.read("events").to_pylist() if row["time"] < 3 * HOUR]
            for run in (quiet, loud)
        ]
        assert past[0] == past[1]
        assert quiet.read("events") != loud.read("events")
    again = ran(study, tmp_path / "t")
    assert again.results.table.equals(done.results.table)


def test_a_run_that_fails_leaves_the_others_and_is_tried_again(tmp_path):
    fails = [True]

    def reply(prompt):
        if fails[0]:
            raise RunError("the model is gone")
        return "pass"

    study = likes(arms={"quiet": talk()}, measures=[actions()], seeds=range(2))
    done = run_study(study, tmp_path / "s", model=FakeBackend(model="fake", reply=reply))
    assert done.complete == 0
    assert all(isinstance(error, SimnetError) for error in done.failures.values())
    fails[0] = False
    mended = run_study(study, tmp_path / "s", model=FakeBackend(model="fake", reply=reply))
    assert (mended.complete, mended.failures) == (2, {})
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 2


def test_a_study_goes_on_with_the_backend_of_its_runs_and_refuses_another(tmp_path):
    def odd(run):
        raise KeyboardInterrupt if run.manifest.seed == 1 else ValueError

    with pytest.raises(KeyboardInterrupt):
        ran(likes(measures=[LIKES, measure("odd")(odd)]), tmp_path / "s")
    with pytest.raises(UsageError, match=r"have replies of the backend 'fake', not 'openai'"):
        run_study(likes(), tmp_path / "s", backend="openai")
    done = run_study(likes(), tmp_path / "s")
    assert done.complete == 6
    runs = [Run.open(one) for one in (tmp_path / "s" / "runs").iterdir()]
    assert {run.manifest.model.backend for run in runs} == {"fake"}


def test_runs_side_by_side_give_equal_results_and_go_on_when_one_fails(tmp_path):
    fails = [True]

    def odd(run):
        if fails[0] and run.manifest.seed == 1:
            raise ValueError("not now")
        return 1.0

    study = likes(measures=[LIKES, measure("odd")(odd)])
    begun = ran(study, tmp_path / "s", parallel=4)
    assert begun.complete == 4
    assert set(begun.failures) == {"quiet seed 1", "loud seed 1"}
    fails[0] = False
    mended = ran(study, tmp_path / "s", parallel=4)
    assert (mended.complete, mended.failures) == (6, {})
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 6
    ran(study, tmp_path / "alone")
    assert checksum(tmp_path / "s") == checksum(tmp_path / "alone")


KILLED = """
import os, signal, sys
sys.path[:0] = [{tests!r}]
from test_studies import likes, run_study


ended = []

def report(unit, error):
    ended.append(unit)
    if len(ended) == {after}:
        os.kill(os.getpid(), signal.{signal})

run_study(likes(), sys.argv[1], backend="fake", parallel={parallel}, report=report)
"""


@pytest.mark.parametrize(
    ("name", "after", "parallel"),
    [("SIGKILL", 1, 1), ("SIGKILL", 4, 3), ("SIGINT", 2, 1), ("SIGTERM", 1, 2)],
)
def test_a_study_that_was_ended_goes_on_to_equal_results(name, after, parallel, tmp_path):
    tests = str(__file__).rpartition("/")[0]
    code = KILLED.format(tests=tests, after=after, signal=name, parallel=parallel)
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "s")], capture_output=True, check=False
    )
    assert ended.returncode in {-getattr(signal, name), 1, 130}, ended.stderr.decode()
    assert name != "SIGTERM" or b"StoppedError: stopped by SIGTERM" in ended.stderr
    assert not (tmp_path / "s" / "results.parquet").exists()
    done = ran(likes(), tmp_path / "s")
    assert (done.complete, done.failures) == (6, {})
    ran(likes(), tmp_path / "whole")
    assert checksum(tmp_path / "s") == checksum(tmp_path / "whole")


ORPHANED = """
import os, psutil, signal, sys, threading
from pathlib import Path
sys.path[:0] = [{tests!r}]
from test_studies import LIKES, likes, measure, run_study
from waiting import wait_until

measuring = Path(sys.argv[1] + " is being measured")

@measure("deaf")
def deaf(run):
    if run.manifest.seed == 1:
        came = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: came.set())
        measuring.touch()
        wait_until(came.is_set)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return 1.0

def report(unit, error):
    print(*(child.pid for child in psutil.Process().children()), flush=True)
    {wait}
    os.kill(os.getpid(), signal.SIGKILL)

run_study(likes(measures={measures}), sys.argv[1], backend="fake", processes=2, report=report)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("measures", "wait"),
    [("[LIKES]", ""), ("[LIKES, deaf]", "wait_until(measuring.exists)")],
    ids=["a signal ends them", "a signal comes to nothing"],
)
def test_the_processes_of_a_study_that_was_killed_end_as_well(measures, wait, tmp_path):
    tests = str(__file__).rpartition("/")[0]
    code = ORPHANED.format(tests=tests, measures=measures, wait=wait)
    command = [sys.executable, "-c", code, str(tmp_path / "s")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as study:
        pids = [int(one) for one in study.stdout.readline().split()]
        study.wait()
    assert len(pids) >= 2
    assert not survivors([one for one in psutil.process_iter() if one.pid in pids])
    assert ran(likes(), tmp_path / "s").complete == 6


def test_a_run_that_was_moved_away_is_told_of(tmp_path):
    done = ran(likes(), tmp_path / "s")
    run = StudyFolder.opened(done.folder, likes()).run_of(likes().units[0])
    run.path.rename(tmp_path / "elsewhere")
    with pytest.raises(RecordError, match="is gone; put it back"):
        ran(likes(), tmp_path / "s")


# -- what is written down before ---------------------------------------------------------------


def test_hypotheses_are_registered_before_the_first_run(tmp_path):
    hypothesis = Hypothesis("more likes", "actions like", "loud", "quiet", "higher")
    study = likes(hypotheses=[hypothesis])
    seen = []
    registered = tmp_path / "s" / "preregistration.json"
    noted = measure("seen")(lambda run: float(seen.append(registered.stat().st_mtime_ns) or 1))
    done = ran(replace(study, measures=[LIKES, noted]), tmp_path / "s")
    assert len(set(seen)) == 1
    folder = StudyFolder.opened(done.folder, study)
    assert folder.registration().intact
    first = Run.open(min((tmp_path / "s" / "runs").iterdir())).manifest.created.timestamp()
    assert registered.stat().st_mtime <= first + 1
    registered.write_text(registered.read_text().replace("higher", "lower"))
    assert not folder.registration().intact


def test_a_hypothesis_that_was_changed_after_the_runs_is_refused(tmp_path):
    before = Hypothesis("more", "actions like", "loud", "quiet", "higher")
    changed = replace(before, expects="lower")
    done = ran(likes(hypotheses=[before], seeds=range(2)), tmp_path / "s")
    study = likes(hypotheses=[changed], seeds=range(2))
    told = "'more' is not what was registered: expects='lower' was 'higher'.*another name"
    for again in (
        lambda: ran(study, done.folder),
        lambda: StudyFolder.opened(done.folder, study),
        lambda: report_study(done.folder, figures=False, study=study),
    ):
        with pytest.raises(UsageError, match=told):
            again()
    renamed = likes(hypotheses=[replace(changed, name="fewer")], seeds=range(2))
    recorded = read_study(done.folder, renamed)
    names = [one.hypothesis.name for one in recorded.results().verdicts()]
    assert (names, recorded.unregistered) == (["more", "fewer"], {"fewer"})


def test_a_verdict_without_an_answer_says_why(tmp_path):
    def found(run):
        whole = [Figure(1.0)] if run.manifest.seed else []
        return [*whole, Figure(1.0, "hourly", HOUR)]

    measures = [measure("found")(found), measure("none")(lambda run: [])]
    wanted = [("none", ""), ("found", "hourly"), ("found", "day"), ("found", "")]
    hypotheses = [
        Hypothesis(f"{name} {group}", name, "loud", "quiet", group=group) for name, group in wanted
    ]
    done = ran(likes(measures=measures, hypotheses=hypotheses, seeds=range(2)), tmp_path / "s")
    assert [one.note for one in done.results.verdicts()] == [
        "no run of loud has a figure of none",
        "the figures are of times, and a hypothesis is about one of each run",
        "no run of loud has a figure of group 'day'; there are figures of 'hourly', the whole run",
        "fewer than two seeds have both values",
    ]


def test_verdicts_use_each_seed_as_a_pair(tmp_path):
    hypotheses = [
        Hypothesis("more", "actions like", "loud", "quiet", "higher"),
        Hypothesis("fewer", "actions like", "loud", "quiet", "lower"),
        Hypothesis("no matter", "actions like", "loud", "quiet", "equal", margin=1e6),
    ]
    done = ran(likes(hypotheses=hypotheses, seeds=range(6)), tmp_path / "s")
    more, fewer, same = done.results.verdicts()
    assert [more.supported, fewer.supported, same.supported] == [True, False, True]
    assert more.difference.pairs == 6
    assert more.p_adjusted >= more.p
    loud, quiet = (done.results.values("actions like", arm) for arm in ("loud", "quiet"))
    mean = sum(loud[seed] - quiet[seed] for seed in range(6)) / 6
    assert more.difference.mean == pytest.approx(mean)
    with pytest.raises(UsageError, match="no measure 'actions lik'; did you mean"):
        done.results.values("actions lik", "loud")
