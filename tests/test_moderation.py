"""Moderators of feeds: reports in their view, warnings, suspensions for a time, strategies."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    FakeModel,
    Feed,
    Never,
    Persona,
    Run,
    Scenario,
    Steps,
    Write,
    converse,
    resume,
    run,
)
from simnet.behaviours import by_policy, by_reports, enforce, escalating
from simnet.discussions import (
    Discussion,
    Mentioned,
    RandomSpeaker,
    RespondsWith,
    discussions,
)
from simnet.errors import ScenarioError
from simnet.feeds import everything, reported
from simnet.rankings import longest_reported, most_reported
from simnet.recording.checking.verify import verify
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.verbs import MODERATOR, Dismiss, Reinstate, Report, Suspend, SuspendFor, Warn

QUEUE = Feed(reads=reported, fresh=False)
NAMES = ("troll", "ana", "ben", "cat")


def town(behaviour, *cues, feed=QUEUE, every=None, lasts=HOUR, verbs=MODERATOR, **crowd):
    people = [Persona(id=name) for name in NAMES]
    return Scenario(
        "town",
        [
            Cohort("people", people, **({"rhythm": Never()} | crowd)),
            Cohort("staff", [Persona(id="mod")], behaviour=behaviour, verbs=verbs,
                   rhythm=Steps(every or 10 * MINUTE), reacts_in=MINUTE, feed=feed),
        ],
        cues=cues,
        lasts=lasts,
    )  # fmt: skip


def acts(scenario, tmp_path, model=None):
    """Run; return the acts of moderators, after the run was replayed equal."""
    made = run(scenario, model=model or FakeModel(), out=tmp_path / "runs")
    assert [check for check in verify(made) if check.problems] == []
    again = replay(made, ScenarioTimeline(scenario))
    assert again.differences == ()
    assert again.state_hash == made.manifest.state_hash
    rows = [row for row in made.read("events").to_pylist() if row["who"] == "mod"]
    return made, [
        (row["time"], row["verb"], row["post"], row["whom"])
        for row in rows
        if row["outcome"] == "done" and row["verb"] != "pass"
    ]


REPORTS = [
    Cue(0, "troll", Write("You are all fools.")),
    Cue(1, "cat", Write("Nice day.")),
    Cue(60, "ana", Report(0, "rude")),
    Cue(61, "ben", Report(0, "insulting")),
    Cue(62, "ben", Report(0, "again")),
    Cue(63, "ana", Report(1, "boring")),
    Cue(15 * MINUTE, "cat", Report(0, "an insult")),
]


def test_posts_are_labelled_and_removed_by_the_number_of_members_who_report_them(tmp_path):
    label = (11 * MINUTE, "label", 0, "troll")
    _, done = acts(town(by_reports({"label": 2, "remove": 3}), *REPORTS), tmp_path)
    assert done == [label, (21 * MINUTE, "remove", 0, "troll")]
    _, done = acts(town(by_reports({"label": 2, "remove": 4}), *REPORTS), tmp_path)
    assert done == [label]
    late = [*REPORTS, *(Cue(25 * MINUTE, who, Report(0, "still")) for who in ("ana", "ben", "cat"))]
    counted_anew = by_reports({"label": 2, "remove": 3}, anew=True)
    _, done = acts(town(counted_anew, *late), tmp_path)
    assert done == [label, (31 * MINUTE, "remove", 0, "troll")]


def test_whoever_reports_again_after_a_label_counts_once_and_nobody_after_a_dismissal(tmp_path):
    again = [*REPORTS[:-1], *(Cue(15 * MINUTE, who, Report(0, "!")) for who in ("ana", "ben"))]
    strategy = by_reports({"label": 2, "remove": 3})
    _, done = acts(town(strategy, *again), tmp_path)
    assert [(at / MINUTE, verb) for at, verb, *_ in done] == [(11, "label"), (21, "label")]
    dismissed = Cue(12 * MINUTE, "mod", Dismiss(0))
    cleared = [*REPORTS[:-1], *(Cue(at * MINUTE, "ana", Report(0, "!")) for at in (11.5, 14))]
    cleared += [dismissed, Cue(14 * MINUTE, "cat", Report(0, "!"))]
    _, done = acts(town(strategy, *cleared), tmp_path)
    verbs = [(at / MINUTE, verb) for at, verb, *_ in done]
    assert verbs == [(11, "label"), (12, "dismiss"), (21, "label")]


def test_a_report_that_comes_before_a_label_lands_counts_towards_removal(tmp_path):
    reports = [*REPORTS[:-1], *(Cue(m * MINUTE, "cat", Report(0, "!")) for m in (10.5, 12))]
    _, done = acts(town(by_reports({"label": 2, "remove": 3}), *reports), tmp_path)
    assert [(at / MINUTE, verb) for at, verb, *_ in done] == [(11, "label"), (21, "remove")]


def test_moderators_see_how_often_and_why_posts_were_reported(tmp_path):
    cues = [*REPORTS, Cue(2, "troll", Write("Fools!")), Cue(17 * MINUTE, "mod", Warn(0, "Stop."))]
    prompts = []
    model = FakeModel(lambda prompt: prompts.append(prompt.user) or "pass")
    cues.append(Cue(18 * MINUTE, "cat", Report(2, 'mean" (reported by 99)')))
    acts(town(converse, *cues), tmp_path, model)
    first, last = prompts[0].splitlines(), prompts[-1].splitlines()
    assert first[1] == '1 @cat: "Nice day." (reported by 1: "boring")'
    assert first[2] == (
        '2 @troll: "You are all fools." (reported by 2: "rude"; "insulting"; "again")'
    )
    mean = next(line for line in last if "Fools!" in line)
    assert mean.endswith(
        """(reported by 1: "mean' (reported by 99)"; author warned or suspended 1 time)"""
    )


def test_a_model_chooses_a_sanction_by_a_policy_in_words(tmp_path):
    prompts = []

    def judge(prompt):
        prompts.append(prompt)
        return "warn" if "fools" in prompt.user else "dismiss"

    behaviour = by_policy("No insults.", warning="No insults here.")
    made, done = acts(town(behaviour, *REPORTS[:-1]), tmp_path, FakeModel(judge))
    assert done == [(11 * MINUTE, "dismiss", 1, "cat"), (11 * MINUTE, "warn", 0, "troll")]
    assert all("The policy: No insults." in prompt.system for prompt in prompts)
    assert prompts[0].pattern == "(dismiss|label|warn|remove)"
    assert any("reported by 2" in prompt.user for prompt in prompts)
    words = FakeModel(lambda _: "banish")
    made, done = acts(town(behaviour, *REPORTS), tmp_path, words)
    assert done == []
    assert any(
        "names no sanction" in (row["reason"] or "") for row in made.read("events").to_pylist()
    )


@pytest.mark.filterwarnings(
    "ignore:.*nobody in people follows anyone:simnet.errors.ScenarioWarning"
)
def test_a_warning_is_mail_for_the_author(tmp_path):
    seen = []
    cues = [Cue(0, "troll", Write("Fools!")), Cue(30, "mod", Warn(0, "Be kind."))]
    model = FakeModel(lambda prompt: seen.append(prompt.user) or "pass")
    made = Scenario(
        "mail",
        [
            Cohort("people", [Persona(id="troll")], rhythm=Steps(MINUTE), reacts_in=1.0),
            Cohort("staff", [Persona(id="mod")], rhythm=Never()),
        ],
        cues=cues,
        lasts=2 * MINUTE,
    )
    run(made, model=model, out=tmp_path / "runs")
    assert any("Warning: Be kind." in user for user in seen)


def test_authors_climb_a_ladder_from_a_warning_to_a_suspension_for_good(tmp_path):
    cues = []
    for number in range(3):
        at = number * 2 * HOUR
        cues += [
            Cue(at, "troll", Write(f"Fools {number}!")),
            Cue(at + 1, "ana", Report(number, "!")),
        ]
    behaviour = escalating(by_reports({"remove": 1}), ("warn", "hour", "suspend"))
    _, done = acts(town(behaviour, *cues, lasts=6 * HOUR), tmp_path)
    assert [row[1] for row in done] == [
        "warn", "remove", "suspend_for", "remove", "suspend", "remove",
    ]  # fmt: skip
    one = [
        Cue(0, "troll", Write("A!")),
        Cue(0, "troll", Write("B!")),
        Cue(1, "ana", Report(0, "!")),
        Cue(1, "ana", Report(1, "!")),
    ]
    _, done = acts(town(escalating(by_reports({"remove": 1}), ("week", "suspend")), *one), tmp_path)
    assert [row[1] for row in done] == ["suspend_for", "remove", "remove"]


@pytest.mark.filterwarnings("ignore:.*nobody can report:simnet.errors.ScenarioWarning")
def test_a_suspension_for_a_time_ends_by_itself(tmp_path):
    cues = [
        Cue(0, "troll", Write("Fools!")),
        Cue(10, "mod", SuspendFor("troll", "hour")),
        Cue(HOUR, "troll", Write("Still here?")),
        Cue(HOUR + 10, "troll", Write("Back.")),
        Cue(HOUR + 20, "mod", Suspend("troll")),
        Cue(HOUR + 30, "troll", Write("No.")),
    ]
    made = town(by_reports({"label": 9}), *cues, lasts=2 * HOUR)
    done = run(made, model=FakeModel(), out=tmp_path / "runs").read("events").to_pylist()
    assert [row["outcome"] for row in done if row["who"] == "troll"] == [
        "done", "refused", "done", "refused",
    ]  # fmt: skip
    acts(made, tmp_path)


@pytest.mark.filterwarnings(
    "ignore:.*nobody in people follows anyone:simnet.errors.ScenarioWarning"
)
def test_the_suspended_wake_at_their_next_turn_after_it_and_are_seen_again(tmp_path):
    cues = [Cue(0, "troll", Write("Fools!")), Cue(10, "mod", SuspendFor("troll", "hour"))]
    shows_all = Feed(reads=everything, fresh=False)
    crowd = {"rhythm": Steps(7 * MINUTE), "reacts_in": 1.0}
    scenario = town(by_reports({"label": 9}), *cues, feed=shows_all, lasts=2 * HOUR, **crowd)
    made, _ = acts(scenario, tmp_path, FakeModel(lambda _: "pass"))
    seen = [row["time"] for row in made.read("exposures").to_pylist() if row["post"] == 0]
    assert seen[:2] == [0, 70 * MINUTE]  # the moderator looked each ten minutes
    wakes = [row["woke"] for row in made.read("events").to_pylist() if row["who"] == "troll"]
    assert next(woke for woke in wakes if woke) == 63 * MINUTE


def test_capacity_and_delay_follow_from_rhythm_and_feed(tmp_path):
    cues = [Cue(0, "troll", Write(f"Spam {number}")) for number in range(12)]
    cues += [Cue(1 + number, "ana", Report(number, "spam")) for number in range(12)]

    def delays(size, every, ranking):
        feed = Feed(reads=reported, ranking=ranking, size=size, fresh=False)
        scenario = town(by_reports({"remove": 1}), *cues, feed=feed, every=every)
        return {post: at for at, _, post, _ in acts(scenario, tmp_path)[1]}

    assert len(delays(1, 10 * MINUTE, most_reported)) == 6  # one at each of six wakes
    slow, quick = (delays(4, every, longest_reported) for every in (15 * MINUTE, 5 * MINUTE))
    assert [sorted(slow, key=slow.get)[:4]] == [[0, 1, 2, 3]]
    assert (slow[0], quick[0]) == (16 * MINUTE, 6 * MINUTE)
    assert list(slow.values())[-1] == 46 * MINUTE


def test_the_post_reported_most_comes_first(tmp_path):
    cues = [*REPORTS[:-1], Cue(64, "cat", Report(0, "!"))]
    feed = Feed(reads=reported, ranking=most_reported, size=1, fresh=False)
    _, done = acts(town(by_reports({"dismiss": 1}), *cues, feed=feed), tmp_path)
    assert [row[2] for row in done] == [0, 1]


def spoken_in(discussion, tmp_path, *cues):
    scenario = discussions([discussion])
    staff = Cohort("staff", [Persona(id="mod")], rhythm=Never())
    scenario = replace(scenario, cohorts=[*scenario.cohorts, staff], cues=cues)
    rows = run(scenario, model=FakeModel(), out=tmp_path / "runs").read("events").to_pylist()
    return [row["who"] for row in rows if row["cue"] is None]


DEBATERS = [Persona(id=name) for name in ("ann", "ben", "cleo")]


def test_the_others_take_the_turns_of_a_suspended_participant(tmp_path):
    debate = Discussion(DEBATERS, turns=6)
    assert spoken_in(debate, tmp_path, Cue(0, "mod", Suspend("ben"))) == ["ann", "cleo"] * 3
    first = spoken_in(debate, tmp_path, Cue(0, "mod", Suspend("ann")))
    assert first == ["ben", "cleo"] * 3
    back = (Cue(0, "mod", Suspend("ben")), Cue(3 * MINUTE, "mod", Reinstate("ben")))
    assert spoken_in(debate, tmp_path, *back) == ["ann", "cleo", "ann", "ben", "cleo", "ann"]


def test_a_turn_during_which_its_participant_is_suspended_ends_in_one_row(tmp_path):
    scenario = discussions([Discussion(DEBATERS, turns=4)])
    staff = Cohort("staff", [Persona(id="mod")], rhythm=Never())
    cues = [Cue(10, "mod", Suspend("ann")), Cue(200, "mod", Reinstate("ann"))]
    scenario = replace(scenario, cohorts=[*scenario.cohorts, staff], cues=cues)
    done = run(scenario, model=FakeModel(), out=tmp_path / "runs")
    rows = [row for row in done.read("events").to_pylist() if row["cue"] is None]
    assert [(row["who"], row["turn"], row["outcome"]) for row in rows] == [
        ("ann", 0, "refused"), ("ben", 0, "done"), ("cleo", 0, "done"), ("ann", 1, "done"),
        ("ben", 1, "done"),
    ]  # fmt: skip
    ledger = {one.outcome: one.turns for one in done.manifest.ledger}
    assert ledger == {"planned": 7, "done": 6, "refused": 1, "open": 0}


@pytest.mark.parametrize("rule", [RandomSpeaker(), RespondsWith(1.0), Mentioned()])
def test_no_rule_gives_a_turn_to_a_suspended_participant(tmp_path, rule):
    discussion = Discussion(DEBATERS, turns=9, speakers=rule)
    spoken = spoken_in(discussion, tmp_path, Cue(0, "mod", Suspend("ben")))
    assert spoken in [["ann", "cleo"] * 4 + ["ann"], ["cleo", "ann"] * 4 + ["cleo"]]


def test_nobody_answers_themselves_when_who_spoke_between_is_suspended(tmp_path):
    discussion = Discussion(DEBATERS, turns=6, speakers=RespondsWith(1.0))
    spoken = spoken_in(discussion, tmp_path, Cue(280, "mod", Suspend("ben")))
    assert spoken == ["ben", "ann", "ben", "ann", "cleo", "ann"]


def test_a_discussion_whose_participants_are_all_suspended_goes_on_when_one_is_back(tmp_path):
    cues = [Cue(0, "mod", Suspend(one.id)) for one in DEBATERS]
    cues.append(Cue(2 * MINUTE, "mod", Reinstate("cleo")))
    assert spoken_in(Discussion(DEBATERS, turns=3), tmp_path, *cues) == ["cleo"] * 3


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: by_reports({}), "name dismiss, label"),
        (lambda: by_reports({"banish": 1}), "label"),
        (lambda: by_reports({"remove": 0}), "1 or more"),
        (lambda: by_reports({"suspend": 1}, span="year"), "hour"),
        (lambda: by_policy(" "), "write what is allowed"),
        (lambda: by_policy("x", ["remove"]), "two or more"),
        (lambda: escalating(enforce("x"), ()), "give steps"),
        (lambda: escalating(enforce("x"), ("warn", "ban")), "week"),
    ],
)
def test_a_strategy_that_cannot_work_is_refused(make, problem):
    with pytest.raises(ScenarioError, match=problem):
        make()


SUSPENDING = (
    Cue(0, "troll", Write("Fools!")),
    Cue(MINUTE, "ana", Report(0, "rude")),
    Cue(HOUR, "troll", Write("Still here?")),
    Cue(2 * HOUR, "troll", Write("Back.")),
)


def suspending():
    """The moderator suspends at 11 minutes, for an hour; the troll wakes each 7 minutes."""
    behaviour = escalating(by_reports({"remove": 1}), ("hour", "suspend"))
    crowd = {"rhythm": Steps(7 * MINUTE), "reacts_in": MINUTE, "follows": {"people": 1.0}}
    return town(behaviour, *SUSPENDING, lasts=2 * HOUR, **crowd)


KILLED = """
import os, signal, sys
from simnet import FakeModel, run
from simnet.inference.fakes.fake import plausible
sys.path.insert(0, {tests!r})
from test_moderation import suspending

def reply(prompt):
    if prompt.priority >= int(sys.argv[1]):  # the simulated time of the turn
        os.kill(os.getpid(), signal.SIGKILL)
    return plausible(prompt)

run(suspending(), model=FakeModel(reply, delay=lambda _: 0.001), out=sys.argv[2])
"""


@pytest.mark.slow
@pytest.mark.parametrize("minute", [14, 42, 70])
def test_a_run_killed_in_the_middle_of_a_suspension_ends_it_at_the_same_time(tmp_path, minute):
    whole = run(suspending(), model=FakeModel(), out=tmp_path / "whole")
    code = KILLED.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", code, str(minute * 60), str(tmp_path / "killed")]
    died = subprocess.run(command, check=False, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    (folder,) = (tmp_path / "killed").iterdir()
    broken = Run.open(folder)
    assert broken.read("calls").num_rows < whole.read("calls").num_rows
    resumed = resume(broken, suspending(), model=FakeModel())
    for table in ("events", "exposures", "network", "state", "ledger"):
        assert resumed.read(table).equals(whole.read(table)), table
    troll = [row for row in resumed.read("events").to_pylist() if row["who"] == "troll"]
    woke = [row["woke"] / MINUTE for row in troll if row["woke"] is not None]
    assert [at for at in woke if 11 < at < 80] == [77]  # the suspension ends at 71 minutes
    cues = [(row["time"], row["outcome"]) for row in troll if row["cue"] is not None]
    assert cues == [(0, "done"), (HOUR, "refused"), (2 * HOUR, "done")]
