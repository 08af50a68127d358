"""Alarms on the texts of a run: marks, resampling, stops, and what is only measured."""

import asyncio
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    FakeModel,
    Feed,
    Persona,
    Run,
    Scenario,
    Steps,
    Write,
    api,
    run,
)
from simnet.agents.adherence import JUDGE
from simnet.analysis.show import show
from simnet.behaviours import by_reports
from simnet.cli.app import app
from simnet.cli.display.text_health import closing_lines, live_lines, ringing
from simnet.errors import ScenarioError, UsageError
from simnet.export.training_sets.replies import calls_of
from simnet.feeds import everything, reported
from simnet.health import Alarm, Health
from simnet.inference.model import Completion
from simnet.kernel.text_health import TextHealth
from simnet.recording.files.manifest import State
from simnet.runs.launching.launcher import launch
from simnet.runs.plans.plan import RunPlan
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.runtime.base import Silent
from simnet.verbs import MODERATOR, Like, React, Report
from simnet.world.decision import Decision

REFUSAL = "I can't help with that."
WORLD = ("events", "exposures", "network", "state", "personas")


def reply(prompt):
    """Refuse a third of the first prompts; the judge finds that nothing fits."""
    if prompt.system == JUDGE:
        return "no"
    refuses = prompt.temperature < 0.9 and prompt.seed % 3 == 0
    return REFUSAL if refuses else f"Number {prompt.seed} of the town's {prompt.seed % 97} texts."


def club(health=None, *, members=4, turns=30, cohort_health=None):
    people = [Persona(id=f"m{n}", description=f"Member {n}.") for n in range(members)]
    cohort = Cohort(
        "club", people, verbs=(Write,), rhythm=Steps(10 * MINUTE), follows={"club": 1.0},
        health=cohort_health,
    )  # fmt: skip
    lasts = (turns - 1) * 10 * MINUTE
    return Scenario("club", [cohort], lasts=lasts, seed=5, health=health or Health())


def stopping(level: float = 0.25) -> Scenario:
    """A scenario that can be made again from the record, as a fork needs it."""
    return club(Health(refusals=Alarm(level, then="stop"), least=10))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A run without alarms."""
    return run(club(), model=FakeModel(reply), out=tmp_path_factory.mktemp("plain"))


def tables(done, names=WORLD):
    return {name: done.read(name) for name in names}


def alarms(done):
    rows = done.read("events").to_pylist()
    return [(row["time"], m) for row in rows for m in row["marks"] if m.startswith("alarm_")]


def metrics(done):
    return {row["name"]: row["value"] for row in done.read("metrics").to_pylist()}


def printed(done):
    console = Console(width=200, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        show(done, console, limit=0)
    return captured.get()


def test_rates_are_counted_in_every_run_and_shown(plain):
    done = plain
    rows = done.read("events").to_pylist()
    rate = sum("refusal" in row["marks"] for row in rows) / len(rows)
    assert 0.2 < rate < 0.5
    assert metrics(done)["health.club.refusals.all"] == pytest.approx(rate)
    assert f"texts of club: {rate:.1%} refusals" in printed(done)
    assert alarms(done) == []


def test_an_alarm_marks_the_turn_at_which_the_rate_passes_its_level(tmp_path):
    health = Health(refusals=Alarm(0.2), least=10, window=20)
    done = run(club(health), model=FakeModel(reply), out=tmp_path)
    rows = done.read("events").to_pylist()
    flags = ["refusal" in row["marks"] for row in rows]
    first = next(
        n for n in range(9, len(flags))
        if sum(flags[max(0, n - 19) : n + 1]) / min(n + 1, 20) > 0.2
    )  # fmt: skip
    assert alarms(done)[0] == (rows[first]["time"], "alarm_refusals")
    assert metrics(done)["health.club.alarm.refusals"] == len(alarms(done))
    assert "alarm refusals at " in printed(done)


def test_notes_of_moderators_and_reasons_of_reports_are_no_repeats(tmp_path):
    async def reports(me, view, ask):
        return [Report(post.id, "spam") for post in view.posts[:1]] or [React(0, "angry")]

    health = Health(repeats=Alarm(0.1), distinct=Alarm(0.1), least=2)
    crowd = Cohort("crowd", [Persona(id=f"c{n}") for n in range(4)], behaviour=reports,
                   rhythm=Steps(MINUTE), reacts_in=1.0,
                   feed=Feed(reads=everything, fresh=False))  # fmt: skip
    staff = Cohort("staff", [Persona(id="mod")], behaviour=by_reports({"warn": 1}),
                   verbs=MODERATOR, rhythm=Steps(MINUTE), reacts_in=1.0,
                   feed=Feed(reads=reported, fresh=False))  # fmt: skip
    author = Cohort("author", [Persona(id="ann")], rhythm=Steps(HOUR))
    town = Scenario("town", [author, crowd, staff], [Cue(0, "ann", Write("Buy tea."))],
                    lasts=20 * MINUTE, health=health)  # fmt: skip
    done = run(town, model=FakeModel(), out=tmp_path)
    rows = done.read("events").to_pylist()
    warned = [row for row in rows if row["verb"] == "warn" and "repeat" in row["marks"]]
    assert len(warned) > 5
    assert alarms(done) == []
    for cohort in ("staff", "crowd"):
        assert metrics(done)[f"health.{cohort}.repeats.all"] == 0
        assert f"texts of {cohort}" not in printed(done)
    page = done.report(figures=False).path.read_text(encoding="utf-8")
    assert "repeats of an earlier text" not in page


def test_reactions_do_not_dilute_the_rates_of_a_recorded_run(tmp_path):
    async def acts(me, view, ask):
        return Write("Again.") if view.turn % 2 else React(0, "love")

    people = Cohort("c", [Persona(id="ann"), Persona(id="ben")], behaviour=acts,
                    rhythm=Steps(MINUTE), reacts_in=1.0)  # fmt: skip
    scenario = Scenario("s", [people], [Cue(0, "ann", Write("Hi."))], lasts=20 * MINUTE)
    done = run(scenario, model=FakeModel(), out=tmp_path)
    rate = metrics(done)["health.c.repeats.all"]
    assert rate == pytest.approx(0.9, abs=0.05)
    assert f"texts of c: {rate:.1%} repeats" in printed(done)


def test_an_alarm_has_flawed_replies_asked_for_again_while_it_lasts(plain, tmp_path):
    health = Health(refusals=Alarm(0.2, then="resample", resamples=1), least=10, window=20)
    done = run(club(health), model=FakeModel(reply), out=tmp_path / "done")
    begun, _ = alarms(done)[0]
    resampled = [
        row["woke"] for row in done.read("events").to_pylist() if "resampled" in row["marks"]
    ]
    assert resampled
    assert min(resampled) >= begun
    rates = [metrics(one)["health.club.refusals.all"] for one in (done, plain)]
    assert rates[0] < 0.8 * rates[1]
    assert replay(done, ScenarioTimeline(club(health), (), ())).differences == ()


def test_an_alarm_stops_the_run_at_a_turn_that_depends_on_simulated_time_alone(tmp_path):
    done = run(stopping(), model=FakeModel(reply), out=tmp_path / "a")
    assert done.manifest.state is State.INTERRUPTED
    assert done.manifest.error.startswith("alarm: refusals in cohort 'club': ")
    assert [mark for _, mark in alarms(done)] == ["alarm_refusals"]
    assert alarms(done)[0][0] == done.read("events")["time"][-1].as_py()
    slow = run(
        stopping(),
        model=FakeModel(reply, delay=lambda prompt: prompt.seed % 5 / 1000),
        out=tmp_path / "b",
    )
    for name in (*WORLD, "calls"):
        one, other = (each.read(name) for each in (done, slow))
        if name == "calls":
            one, other = (each.drop_columns(["seconds"]) for each in (one, other))
        assert one.equals(other), name
    assert replay(done, ScenarioTimeline(stopping(), (), ())).differences == ()


def test_refusals_that_are_no_action_ring_the_alarm(tmp_path):
    people = [Persona(id="ana"), Persona(id="ben")]
    cohort = Cohort("all", people, rhythm=Steps(MINUTE), follows={"all": 1.0})
    health = Health(refusals=Alarm(0.3, then="stop"), least=4)
    scenario = Scenario("mute", [cohort], lasts=9 * MINUTE, health=health)

    def half(prompt):
        return REFUSAL if prompt.routing_key == "ana" else f"write: {prompt.seed}"

    done = run(scenario, model=FakeModel(half), out=tmp_path)
    assert done.manifest.error.startswith("alarm: refusals in cohort 'all': 50.0%")
    assert [mark for _, mark in alarms(done)] == ["alarm_refusals"]


def test_a_stopped_run_ends_there_again_and_is_forked_with_another_level(tmp_path):
    done = run(stopping(), model=FakeModel(reply), out=tmp_path)
    before, error = tables(done), done.manifest.error
    again = api.resume(done, stopping(), model=FakeModel(reply))
    assert again.manifest.error == error
    assert tables(again) == before
    at = done.read("events")["time"][-1].as_py()
    forked = again.fork(at=at, scenario=stopping(1.0), model=FakeModel(reply))
    assert forked.manifest.state is State.COMPLETED
    assert forked.read("events").num_rows == 4 * 30


def test_a_cohort_has_levels_of_its_own(tmp_path):
    scenario = club(Health(refusals=Alarm(0, then="stop"), least=1), cohort_health=Health())
    assert run(scenario, model=FakeModel(reply), out=tmp_path).manifest.state is State.COMPLETED


def test_a_judge_changes_no_table_of_the_world_and_its_calls_are_recorded(plain, tmp_path):
    judged = Health(adherence=Alarm(0), judged=0.3)
    done = run(club(judged), model=FakeModel(reply), out=tmp_path / "done")
    assert tables(plain) == tables(done)
    asked = [row for row in done.read("calls").to_pylist() if row["call"] == 1]
    assert len(asked) == done.read("calls").num_rows - plain.read("calls").num_rows
    assert 20 <= len(asked) <= 55
    assert {row["completion"] for row in asked} == {"no"}
    assert metrics(done)["health.club.adherence"] == 0
    assert metrics(done)["health.club.judged"] == len(asked)
    assert replay(done, ScenarioTimeline(club(judged), (), ())).differences == ()


def test_a_judge_that_fails_ends_no_run_and_is_told_of(plain, tmp_path):
    class Failing(FakeModel):
        async def generate(self, prompts):
            async for finished in super().generate(prompts):
                yield [
                    (place, Completion("no such thing", "error"))
                    if prompts[place].system == JUDGE
                    else (place, done)
                    for place, done in finished
                ]

    judged = Health(adherence=Alarm(0.5, then="stop"), judged=1.0)
    done = run(club(judged), model=Failing(reply), out=tmp_path / "done")
    assert done.manifest.state is State.COMPLETED
    assert tables(plain) == tables(done)
    assert "health.club.adherence" not in metrics(done)


def test_an_alarm_of_the_judge_stops_the_run(tmp_path):
    health = Health(adherence=Alarm(0.5, then="stop"), judged=1.0, least=10)
    done = run(club(health), model=FakeModel(reply), out=tmp_path)
    assert done.manifest.error.startswith("alarm: adherence in cohort 'club': 0.000, under 0.5")
    assert done.read("events").num_rows == 10


def test_the_reply_of_a_judge_is_taken_for_no_text_by_exports(tmp_path):
    def short(prompt):
        return "no"

    judged = club(Health(adherence=Alarm(0), judged=1.0), turns=2)
    done = run(judged, model=FakeModel(short), out=tmp_path)
    found = calls_of(done, {("m0", 0)})
    assert done.read("calls").num_rows == 16
    assert [call.system == JUDGE for call in found["m0", 0]] == [False]


def test_distinct_n_falls_when_texts_are_alike():
    def watched(texts, **fields):
        scenario = club(Health(distinct=Alarm(0.3, then="stop"), least=5, **fields))
        watch = TextHealth()
        watch.use(scenario)
        for turn, text in enumerate(texts):
            watch.see("club", Decision("m0", turn, (Write(text),)), 60.0 * turn)
        return watch.progress()

    varied = watched([f"word{n} other{n} third{n}" for n in range(50)])
    assert varied.stopped is None
    assert varied.cohorts[0].recent["distinct"] == 1.0
    alike = watched(["the same three words"] * 50)
    assert alike.stopped.startswith("alarm: distinct in cohort 'club': ")
    assert alike.cohorts[0].recent["distinct"] == pytest.approx(3 / 150)
    unspaced = watched(["同じ三つの言葉"] * 50)
    assert unspaced.cohorts[0].recent["distinct"] == pytest.approx(6 / 300)
    mixed = watched([f"好 this is text number {n}" for n in range(50)])
    assert mixed.cohorts[0].recent["distinct"] == pytest.approx((4 + 50) / 250)


def vectors(texts):
    """Give the texts with an even number of letters one direction, the others another."""
    return [[1.0, 0.0] if len(text) % 2 else [0.0, 1.0] for text in texts]


def test_the_spread_is_the_mean_distance_of_pairs_and_its_alarm_stops(tmp_path):
    watch = TextHealth()
    watch.use(club(Health(spread=Alarm(0), least=4, embedder=vectors)))
    for turn, text in enumerate(["a", "bb", "c", "dd"]):
        watch.see("club", Decision("m0", turn, (Write(text),)), 0.0)
    assert watch.progress().cohorts[0].recent["spread"] == pytest.approx(4 / 6, abs=1e-3)
    health = Health(
        spread=Alarm(0.1, then="stop"), least=8, embedder=lambda t: [[1.0, 0.0]] * len(t)
    )
    done = run(club(health), model=FakeModel(reply), out=tmp_path)
    assert done.manifest.error.startswith("alarm: spread in cohort 'club': 0.000, under 0.1")
    assert done.read("events").num_rows == 8


def test_an_embedder_that_fails_ends_the_measuring_and_not_the_run(plain, tmp_path):
    def failing(texts):
        if len(texts) > 1:
            raise ValueError("no vectors today")
        return [[1.0, 0.0]]

    lines = []
    health = Health(spread=Alarm(0.9), least=8, embedder=failing)

    class Reporter(Silent):
        def phase(self, text):
            lines.append(text)

    plan = RunPlan(club(health), FakeModel(reply), root=tmp_path / "runs", ray=False)
    result = asyncio.run(launch(plan, Reporter()))
    told = [line for line in lines if "spread" in line]
    assert len(told) == 1
    assert "no vectors today" in told[0]
    assert tables(Run.open(result.folder)) == tables(plain)


def test_a_missing_extra_is_told_in_one_line_and_ends_only_what_depends_on_it(
    tmp_path, monkeypatch
):
    def missing(choice):
        raise UsageError("vectors are made with WordLlama, which is not installed")

    monkeypatch.setattr("simnet.embedding.embedder", missing)
    shown_only = run(club(Health(spread=Alarm(0.5))), model=FakeModel(reply), out=tmp_path / "a")
    assert shown_only.manifest.state is State.COMPLETED
    with pytest.raises(UsageError, match="WordLlama, which is not installed"):
        run(club(Health(spread=Alarm(0.5, then="stop"))), model=FakeModel(), out=tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_turns_that_write_nothing_do_not_dilute_the_rates():
    watch = TextHealth()
    watch.use(club())
    for turn in range(8):
        watch.see("club", Decision("m0", turn, (Like(1),)), 0.0)
    watch.see("club", Decision("m0", 8, (Write(REFUSAL),), ("refusal",)), 0.0)
    assert watch.progress().cohorts[0].rates["refusals"] == 1.0


def test_memory_is_bounded_by_the_window():
    watch = TextHealth()
    watch.use(club(Health(distinct=Alarm(0), window=50, least=10)))
    for turn in range(5000):
        watch.see("club", Decision("m0", turn, (Write(f"text {turn} of many"),)), 0.0)
    inside = watch._cohorts["club"]
    assert len(inside._recent) == 50
    assert len(inside._distinct._seen) <= 50 * 3


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Alarm(1.5), r"Alarm\(level=1.5\); give a share from 0 to 1"),
        (lambda: Alarm(0.5, then="halt"), "then='halt'"),
        (lambda: Alarm(0.5, resamples=0), "ask again once"),
        (lambda: Alarm("5%"), "level='5%'"),
        (lambda: Health(refusals=0.05), "refusals=0.05"),
        (lambda: Health(refusal=Alarm(0.05)), "did you mean refusals|did you mean 'refusals'"),
        (lambda: Health(least=30, window=20), "least is 1 at least"),
        (lambda: Health(judged=0), "leave adherence out"),
        (lambda: Health(words=0), "one word or more"),
    ],
)
def test_levels_that_make_no_sense_are_told_before_the_start(make, said):
    with pytest.raises(ScenarioError, match=said):
        make()


SCENARIO = """
from simnet import MINUTE, Cohort, Persona, Scenario, Steps, Write
from simnet.health import Alarm, Health

people = [Persona(id=f"m{n}") for n in range(4)]
club = Scenario(
    "club",
    [Cohort("club", people, verbs=(Write,), rhythm=Steps(MINUTE),
            flagger=lambda text: ["refusal"])],
    lasts=30 * MINUTE,
    health=Health(refusals=Alarm(0.5, then="stop")),
)
"""


def test_the_command_line_says_which_alarm_stopped_a_run_and_ends_with_1(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "club.py").write_text(SCENARIO, encoding="utf-8")
    runner = CliRunner()
    ended = runner.invoke(app, ["run", "club.py", "--backend", "fake", "--no-ray"])
    assert ended.exit_code == 1, ended.output
    line = "alarm: refusals in cohort 'club': 100.0% of the newest 20 turns, over 50.0%"
    assert line in ended.output
    assert "simnet fork" in ended.output
    shown_run = runner.invoke(app, ["show", "latest"])
    assert "alarm refusals at" in " ".join(shown_run.output.split())
    ended = runner.invoke(app, ["run", "club.py", "--backend", "fake", "--no-ray", "--json"])
    last = json.loads(ended.output.strip().splitlines()[-1])
    assert last["alarm"].startswith("alarm: refusals")
    assert last["health"]["cohorts"][0]["ringing"] == ["refusals"]


def test_a_run_that_broke_off_while_an_alarm_lasted_is_resumed_to_the_same_end(tmp_path):
    health = Health(
        refusals=Alarm(0.2, then="resample"), adherence=Alarm(0.5), judged=0.5, least=10, window=20
    )
    whole = run(club(health), model=FakeModel(reply), out=tmp_path / "whole")
    assert {mark for _, mark in alarms(whole)} == {"alarm_refusals", "alarm_adherence"}
    parts = run(club(health), model=FakeModel(reply), out=tmp_path / "parts", max_calls=70)
    assert parts.manifest.state is State.INTERRUPTED
    assert 0 < len(alarms(parts)) < len(alarms(whole))
    resumed = api.resume(parts, club(health), model=FakeModel(reply))
    assert tables(resumed) == tables(whole)
    calls = [one.read("calls").drop_columns(["seconds"]) for one in (resumed, whole)]
    assert calls[0] == calls[1]


def test_a_display_names_the_alarm_that_rings_and_the_newest_rates():
    watch = TextHealth()
    watch.use(club(Health(refusals=Alarm(0.2), least=2)))
    for turn in range(3):
        watch.see("club", Decision("m0", turn, (Write(REFUSAL),), ("refusal",)), 0.0)
    health = watch.progress()
    assert live_lines(health) == [("club: 100.0% refusals (alarm: refusals)", True)]
    assert list(ringing(health)) == ["alarm in club: 100.0% refusals"]
    assert closing_lines(health) == ["club: 100.0% refusals, alarm refusals 1 time"]
