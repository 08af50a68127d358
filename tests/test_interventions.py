"""Interventions: bans, ties, joining and leaving, news, manners, adapters, memories and feeds."""

import io
from dataclasses import replace

import pytest
from made_worlds import drive
from rich.console import Console

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    FakeModel,
    Feed,
    Follow,
    Never,
    Persona,
    Scenario,
    Steps,
    Write,
    fork,
    resume,
    run,
)
from simnet.analysis.show import show
from simnet.behaviours import Recall
from simnet.errors import ScenarioError, UserCodeError
from simnet.feeds import everything
from simnet.interventions import (
    Act,
    AddTies,
    At,
    Ban,
    Forget,
    GiveNews,
    Join,
    Leave,
    Reinstate,
    Remember,
    RemovePosts,
    RemoveTies,
    SetAdapter,
    SetFeed,
    SetManner,
    SetRanking,
    When,
)
from simnet.kernel.kernel import Kernel
from simnet.kernel.record_replay import rebuild
from simnet.planning.explain import explain
from simnet.rankings import engagement
from simnet.recording.checking.verify import verify
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.scenario.forecast.doubts import doubts
from simnet.scenario.forecast.expected_turns import check_startable, expected_turns
from simnet.scenario.switch import ScenarioSwitch
from simnet.verbs import Suspend

TABLES = ("personas", "network", "events", "calls", "exposures", "state")


def posts(world):
    return len(world.posts)


def square(*interventions, lasts=HOUR, cues=(), **cohort):
    """Four people who look every ten minutes and see what anybody wrote."""
    people = [Persona(id=name) for name in ("ana", "ben", "cat", "dan")]
    fields = {"rhythm": Steps(10 * MINUTE), "follows": {"people": 1.0}} | cohort
    press = Cohort("press", [Persona(id="gazette")], rhythm=Never())
    return Scenario(
        "square", [Cohort("people", people, **fields), press], cues=cues, lasts=lasts,
        feed=Feed(reads=everything), interventions=interventions,
    )  # fmt: skip


class Prompts(list):
    """A model that passes, and all that it was asked."""

    def __call__(self, prompt):
        self.append(prompt)
        return "pass"

    def of(self, who):
        return [one for one in self if one.routing_key == who]


def played(*interventions, **fields):
    prompts = Prompts()
    return drive(square(*interventions, **fields), prompts), prompts


def outside(events):
    return [(e.verb, e.whom, e.outcome) for e in events if e.who == ""]


def wakes(events, who):
    return [e.woke / MINUTE for e in events if e.who == who and e.turn is not None]


# -- who is there ---------------------------------------------------------------------------------


def test_the_banned_do_not_wake_until_they_are_reinstated():
    done, _ = played(At(15 * MINUTE, Ban("ben")), At(35 * MINUTE, Reinstate("@ben")))
    assert wakes(done.events, "ben") == [0, 10, 40, 50, 60]
    assert outside(done.events) == [("ban", "ben", "done"), ("reinstate", "ben", "done")]


def test_a_turn_under_way_is_refused_when_its_author_was_banned():
    late = square(At(10 * MINUTE + 5, Ban("ben")), reacts_in=MINUTE)
    (lost,) = [e for e in drive(late, lambda _: "write: hello").events
               if e.who == "ben" and e.turn == 1]  # fmt: skip
    assert (lost.outcome, lost.reason) == ("refused", "@ben is suspended")


def test_a_ban_of_a_cohort_is_a_row_for_each_of_its_people():
    done, prompts = played(At(5 * MINUTE, Ban("people")))
    assert [whom for _, whom, _ in outside(done.events)] == ["ana", "ben", "cat", "dan"]
    assert len(prompts) == 4


def test_those_who_join_are_nobody_before_and_wake_from_then_on():
    done, _ = played(
        At(25 * MINUTE, Join("dan")),
        cues=[Cue(30 * MINUTE, "dan", Write("I am here."))],
    )
    assert wakes(done.events, "dan") == [30, 40, 50, 60]
    early = drive(square(At(25 * MINUTE, Join("dan"))), lambda _: "follow @dan")
    assert all(e.time > 25 * MINUTE for e in early.events if e.whom == "dan" and e.turn is not None)


def test_those_who_leave_lose_their_ties_and_are_seen_no_more():
    cues = [Cue(60, "ben", Write("Remember me."))]
    done, _ = played(At(15 * MINUTE, Leave("ben", removes_posts=True)), cues=cues)
    world = done.kernel.world
    ben = world.index["ben"]
    assert (list(world.network.followers(ben)), list(world.network.followees(ben))) == ([], [])
    assert world.posts[0].removed
    assert ("remove", "ben", "done") in outside(done.events)
    assert wakes(done.events, "ben") == [0, 10]
    changes = done.kernel.changes.take()[0]
    assert {row.change for row in changes} == {"unfollow"}
    assert len(changes) == 6


def test_who_is_away_is_in_the_state_hash():
    there = drive(square(At(59 * MINUTE, Join("dan")), At(59.5 * MINUTE, Leave("dan"))))
    banned = drive(square(At(59 * MINUTE, Ban("dan"))))
    assert there.kernel.world.absent
    assert there.kernel.world.digest() != banned.kernel.world.digest()


def test_a_moderator_cannot_reinstate_who_left():
    done = drive(
        square(At(5 * MINUTE, Leave("ben")), At(6 * MINUTE, Act("gazette", Suspend("ben"))))
    )
    assert [e.reason for e in done.events if e.verb == "suspend"] == ["@ben is suspended already"]


# -- ties and posts -------------------------------------------------------------------------------


def test_ties_are_added_and_removed():
    done, _ = played(
        At(MINUTE, [RemoveTies([("people", "people")]), AddTies([("ana", "gazette")])]),
    )
    assert [row.tolist() for row in done.kernel.world.network.edge_arrays()] == [[0], [4]]
    rows = [(e.verb, e.extra) for e in done.events if e.verb.endswith("tie")]
    assert len(rows) == 13
    assert rows[-1] == ("add_tie", '{"intervention": 0, "follower": "ana"}')


def test_posts_are_removed_by_number_author_and_words():
    cues = [Cue(n, "gazette", Write(f"paper {n}")) for n in range(3)]
    cues.append(Cue(4, "ana", Write("A PAPER tiger")))
    removals = [
        RemovePosts([0]),
        RemovePosts(by="gazette", holding="2"),
        RemovePosts(holding="tig"),
    ]
    done, _ = played(At(5 * MINUTE, removals), cues=cues)
    assert [post.removed for post in done.kernel.world.posts] == [True, False, True, True]


# -- prompts --------------------------------------------------------------------------------------


def test_news_are_in_the_next_prompt_of_those_it_is_given_to_alone():
    done, prompts = played(At(15 * MINUTE, GiveNews(["ana", "press"], "The mayor\nresigned.")))
    told = ["The mayor resigned." in one.user for one in prompts.of("ana")]
    assert told == [False, False, True, False, False, False, False]
    assert not any("resigned" in one.user for one in prompts.of("ben"))
    assert [(e.whom, e.cohort, e.text) for e in done.events if e.verb == "give_news"] == [
        ("ana", "people", "The mayor\nresigned."),
        (None, "press", "The mayor\nresigned."),
    ]


def test_the_last_change_of_a_manner_counts():
    _, prompts = played(
        At(5 * MINUTE, SetManner("ana", "Be loud.")),
        At(15 * MINUTE, SetManner("people", "Be calm.")),
        At(25 * MINUTE, SetManner("@ana", "Be kind.")),
        manner="Be brief.",
    )
    manners = [
        next(m for m in ("brief", "loud", "calm", "kind") if f"Be {m}." in one.system)
        for one in prompts.of("ana")
    ]
    assert manners == ["brief", "loud", "calm", "kind", "kind", "kind", "kind"]
    assert ["Be calm." in one.system for one in prompts.of("ben")][:3] == [False, False, True]


def test_an_adapter_is_changed_and_taken_off():
    _, prompts = played(
        At(5 * MINUTE, SetAdapter("ana", "calm")), At(15 * MINUTE, SetAdapter("people", None)),
        adapter="base",
    )  # fmt: skip
    assert [one.adapter for one in prompts.of("ana")][:3] == ["base", "calm", None]
    assert [one.adapter for one in prompts.of("ben")][:3] == ["base", "base", None]


@pytest.mark.parametrize("memory", [0, 5, Recall(tokens=200)])
def test_memories_are_added_and_forgotten(memory):
    cues = [Cue(60, "gazette", Write("A bridge is closed."))]
    _, prompts = played(
        At(5 * MINUTE, Remember("people", "Ben owes you money.")),
        At(15 * MINUTE, Forget("ana", "OWES you")), At(25 * MINUTE, Forget("cat")),
        memory=memory, cues=cues,
    )  # fmt: skip
    known = {who: ["Ben owes you money." in one.user for one in prompts.of(who)]
             for who in ("ana", "ben", "cat")}  # fmt: skip
    assert known["ana"][:4] == [False, True, False, False]
    assert known["ben"][:4] == [False, True, True, True]
    assert known["cat"][:4] == [False, True, True, False]


def test_conversations_show_news_and_memories():
    _, prompts = played(
        At(5 * MINUTE, [GiveNews("ana", "It rains."), Remember("ana", "you hate rain")]),
        verbs=(Write,), cues=[Cue(60, "gazette", Write("hello"))],
    )  # fmt: skip
    assert prompts.of("ana")[1].user.splitlines()[:2] == ["You remember:", "you hate rain"]
    assert prompts.of("ana")[1].user.splitlines()[-1] == "It rains."


def test_a_feed_and_its_ranking_are_changed():
    cues = [Cue(n, "gazette", Write(f"paper {n}")) for n in range(5)]
    done, _ = played(
        At(5 * MINUTE, SetFeed("people", Feed(reads=everything, size=2, fresh=False))),
        At(15 * MINUTE, SetRanking("people", engagement())),
        cues=cues,
    )
    shown = {(e.turn): (len(e.posts), set(e.rankers)) for e in done.exposure_batches
             if e.who == "ana"}  # fmt: skip
    assert shown[1] == (2, {"chronological"})
    assert shown[2] == (2, {"by_engagement"})


def test_somebody_acts_as_by_a_cue():
    done, _ = played(At(5 * MINUTE, Act("@gazette", Write("Extra!"))))
    (event,) = [e for e in done.events if e.verb == "write"]
    assert (event.who, event.cue, event.turn, event.outcome) == ("gazette", 0, None, "done")


# -- conditions -----------------------------------------------------------------------------------


def checks(events):
    return [(e.time / MINUTE, e.extra) for e in events if e.verb == "check"]


def writing(prompt):
    return "write: hello"


def test_a_condition_fires_once_when_its_measure_crosses_the_level():
    when = When(posts, above=5, every=5 * MINUTE, then=[Ban("ana"), Act("gazette", Write("Stop."))])
    events = drive(square(when), writing).events
    assert [(at, '"crossed": true' in extra) for at, extra in checks(events)] == [
        (5, False), (10, False), (15, True),
    ]  # fmt: skip
    values = '{"intervention": 0, "value": 8.0, "above": 5.0, "crossed": true}'
    assert checks(events)[-1][1] == values
    fired = [(e.who, e.verb, e.part, e.cue) for e in events if e.time == 15 * MINUTE]
    assert fired == [("", "check", 0, 2), ("", "ban", 1, 2), ("gazette", "write", 2, 2)]


def test_a_condition_may_fire_each_time():
    def last_second(world):
        return world.now / MINUTE % 20

    when = When(last_second, below=10, every=5 * MINUTE, again=True,
                then=GiveNews("ana", "A new round."))  # fmt: skip
    events = drive(square(when), writing).events
    assert [e.time / MINUTE for e in events if e.verb == "give_news"] == [5, 20, 40, 60]
    assert len(checks(events)) == 12


@pytest.mark.parametrize("value", ["many", float("nan"), None, True])
def test_a_measure_that_gives_no_number_is_told_of_with_its_place(value):
    def odd(world):
        return value

    with pytest.raises(UserCodeError, match=r"measure odd returned .*; return a number.*test_int"):
        drive(square(When(odd, above=1, then=Ban("ana"))))


def test_a_measure_that_raises_fails_its_check_alone_if_the_run_says_so(tmp_path):
    def broken(world):
        return 1 / (len(world.posts) - 8)

    when = When(broken, above=10, every=15 * MINUTE, then=Ban("ana"))
    done = run(square(when), model=FakeModel(writing), out=tmp_path, on_error="fail the turn")
    rows = [row for row in done.read("events").to_pylist() if row["verb"] == "check"]
    assert [row["outcome"] for row in rows] == ["failed", "done", "done", "done"]
    assert "ZeroDivisionError" in rows[0]["reason"]
    assert replay(done, ScenarioTimeline(square(when))).differences == ()


def test_a_run_whose_measure_raises_stops_also_when_nobody_thinks(tmp_path, monkeypatch):
    def broken(world):
        return 1 / (len(world.posts) - 8)

    monkeypatch.setattr(
        "simnet.scheduler.rows.row_writer.WRITE_SECONDS", 0.0
    )  # no row waits either
    when = When(broken, above=10, every=15 * MINUTE, then=Ban("ana"))
    with pytest.raises(UserCodeError, match="broken raised ZeroDivisionError"):
        run(square(when), model=FakeModel(writing), out=tmp_path)


# -- records --------------------------------------------------------------------------------------


def eventful() -> Scenario:
    return square(
        At(12 * MINUTE, [Ban("ben"), SetManner("people", "Be calm."), Remember("cat", "rain")]),
        At(25 * MINUTE, [GiveNews("people", "News."), SetRanking("people", engagement())]),
        At(35 * MINUTE, [Join("dan"), Leave("ana"), AddTies([("people", "gazette")])]),
        When(posts, above=6, every=7 * MINUTE, then=[Reinstate("ben"), SetManner("ben", "Shout.")]),
        At(45 * MINUTE, [Forget("cat"), RemovePosts(by="people")]),
    )


def tables(done):
    left = {"calls": ["seconds"]}
    return {name: done.read(name).drop_columns(left.get(name, [])) for name in TABLES}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(eventful(), model=FakeModel(), out=tmp_path_factory.mktemp("whole"))


def test_the_record_is_whole_and_replayed_equal(whole):
    assert [check for check in verify(whole) if check.problems] == []
    replayed = replay(whole, ScenarioTimeline(eventful()))
    assert (replayed.differences, replayed.complete) == ((), True)
    assert replayed.state_hash == whole.manifest.state_hash
    assert whole.relations["remove"] == "removal"


def test_the_world_is_rebuilt_from_the_tables(whole):
    from simnet.world.events import Event, Exposure

    events = [Event(**row) for row in whole.read("events").to_pylist()]
    shown = [Exposure(**row) for row in whole.read("exposures").to_pylist()]
    assert rebuild(eventful(), events, shown).digest() == whole.manifest.state_hash


def test_a_replay_does_not_call_measures_again(whole):
    def posts(world):
        raise AssertionError("it was called")

    again = eventful()
    entries = [replace(one, measure=posts) if isinstance(one, When) else one
               for one in again.interventions]  # fmt: skip
    replayed = replay(whole, ScenarioTimeline(replace(again, interventions=entries)))
    assert replayed.differences == ()


@pytest.mark.parametrize("calls", [6, 14])
def test_a_run_that_was_stopped_and_resumed_is_the_whole_run(whole, calls, tmp_path):
    broken = run(eventful(), model=FakeModel(), out=tmp_path, max_calls=calls)
    assert broken.state != whole.state
    again = resume(broken, eventful(), model=FakeModel())
    assert tables(again) == tables(whole)
    assert again.manifest.state_hash == whole.manifest.state_hash


def test_a_fork_with_the_same_scenario_goes_on_as_its_parent_did(whole):
    child = fork(whole, 40 * MINUTE, eventful(), model=FakeModel())
    assert tables(child)["events"] == tables(whole)["events"]
    assert tables(child)["calls"] == tables(whole)["calls"]
    assert child.manifest.state_hash == whole.manifest.state_hash
    replayed = replay(child, ScenarioTimeline(eventful()).switched(
        whole_switch(40 * MINUTE), ()))  # fmt: skip
    assert replayed.differences == ()


def whole_switch(at):
    return ScenarioSwitch(at, eventful())


@pytest.mark.parametrize(("every", "since", "checks"), [
    (2.0, 4.0, [2.0, 4.0, 6.0]),
    (0.1, 0.3, [0.1, 0.2, 0.3, 0.4]),
    (2.0, 3.0, [2.0, 4.0, 6.0]),
    (2.0, 0.0, [2.0, 4.0, 6.0]),
])  # fmt: skip
def test_a_when_that_a_fork_changes_is_checked_at_the_same_times(every, since, checks):
    def watched(level):
        when = When(posts, above=level, every=every, then=Ban("ana"))
        return square(when, lasts=checks[-1], rhythm=Never())

    kernel = Kernel(watched(5), [ScenarioSwitch(since, watched(6))])
    kernel.advance(1)
    assert [row.time for row in kernel.take_rows().events if row.verb == "check"] == checks


def test_a_when_that_happened_does_not_happen_again_in_a_fork_that_changes_its_place(tmp_path):
    once = When(posts, above=1, every=10 * MINUTE, then=Ban("ana"))
    other = When(posts, above=1, every=10 * MINUTE, then=Ban("ben"))
    late = At(50 * MINUTE, GiveNews("ben", "Ana is banned."))
    before = square(late, once)
    parent = run(before, model=FakeModel(), out=tmp_path)
    for entries, banned in (([once], ["ana"]), ([other, once], ["ana", "ben"])):
        child = fork(parent, 45 * MINUTE, square(*entries), before=before, model=FakeModel())
        bans = [row for row in child.read("events").to_pylist() if row["verb"] == "ban"]
        assert [row["whom"] for row in bans] == banned
        assert {row["outcome"] for row in bans} == {"done"}


def test_a_fork_without_interventions_keeps_what_changed_the_world_alone(whole):
    child = fork(whole, 40 * MINUTE, replace(eventful(), interventions=()), model=FakeModel())
    late = [row for row in child.read("events").to_pylist() if row["time"] >= 40 * MINUTE]
    assert not [row for row in late if row["who"] == ""]
    assert "ana" not in {row["who"] for row in late}
    calls = [c for c in child.read("calls").to_pylist() if c["time"] >= 40 * MINUTE]
    hashes = {row["hash"]: row["text"] for row in child.read("prompt_texts").to_pylist()}
    assert not any("Be calm." in hashes[c["system_hash"]] for c in calls)


# -- what is told before the start ----------------------------------------------------------------


@pytest.mark.parametrize(("entry", "problem"), [
    (At(0, Ban("bem")), "there is no person and no cohort 'bem'; did you mean 'ben'"),
    (At(-1, Ban("ben")), "give a time that is 0 or later"),
    (At(0, []), "does nothing"),
    (At(0, Ban([])), "names nobody"),
    (At(0, SetFeed("ana", Feed())), "'ana' is a person, and a feed is that of a cohort"),
    (At(0, AddTies([("ana", "zoe")])), "no person and no cohort 'zoe'"),
    (At(0, Act("people", Write("x"))), "'people' is a cohort; name the person who acts"),
    (At(0, Act("ana", Write(" "))), "has an empty text"),
    (At(0, Act("ana", Follow("zoe"))), "names @zoe"),
    (When(posts, above=1, then=Ban("zoe")), "no person and no cohort 'zoe'"),
])  # fmt: skip
def test_what_is_wrong_by_itself_is_told_when_the_scenario_is_made(entry, problem):
    with pytest.raises(ScenarioError) as told:
        square(entry)
    assert problem in str(told.value)
    assert "square: intervention 0" in str(told.value)


@pytest.mark.parametrize(("make", "problem"), [
    (lambda: GiveNews("ana", " "), "GiveNews: the text is empty"),
    (RemovePosts, "RemovePosts: give posts, authors"),
    (lambda: AddTies(("ana", "ben")), "AddTies: tie 0 is 'ana'; a tie is (follower, followee)"),
    (lambda: RemoveTies([("ana", "ben"), ("ana", "ben", "x")]), "RemoveTies: tie 1 is ('ana'"),
    (lambda: AddTies([(1, 2)]), "AddTies: tie 0 is (1, 2); a tie is (follower, followee)"),
    (lambda: SetManner("ana", 5), "SetManner(manner=5); write '5'"),
    (lambda: When(posts, then=Ban("ana")), "it has no level; give one of above=... and below=..."),
    (lambda: When(posts, above=1, below=0, then=Ban("ana")), "it has above and below; give one of"),
    (lambda: When(posts, above=1, every=0, then=Ban("ana")), "give a positive time"),
    (lambda: When(lambda: 1, above=1, then=Ban("ana")), "does not take one argument"),
    (lambda: At(0, "ban"), "At(do='ban')"),
    (lambda: square(Cue(0, "ana", Write("x"))), "is not an At or a When"),
])  # fmt: skip
def test_what_cannot_be_is_told_at_once(make, problem):
    with pytest.raises(ScenarioError) as told:
        make()
    assert problem in str(told.value)


HOURS = (At(HOUR, Ban("ben")), At(HOUR, Leave("cat")), At(HOUR, Join("dan")))


@pytest.mark.parametrize(("late", "problem"), [
    (At(2 * HOUR, Ban("ben")), "@ben is banned since 01:00:00"),
    (At(2 * HOUR, Reinstate("ana")), "@ana is not banned"),
    (At(2 * HOUR, Leave("cat")), "@cat left at 01:00:00"),
    (At(2 * HOUR, SetManner("cat", "x")), "@cat left at 01:00:00"),
    (At(2 * HOUR, Act("cat", Write("x"))), "@cat left at 01:00:00"),
    (At(2 * HOUR, Act("ben", Write("x"))), "@ben is banned since 01:00:00"),
    (At(2 * HOUR, AddTies([("ana", "cat")])), "@cat left at 01:00:00"),
    (At(MINUTE, GiveNews("dan", "x")), "@dan has not joined by then"),
    (At(2 * HOUR, Join("dan")), "@dan is there already"),
    (At(0, RemovePosts([3])), "it removes post 3, but by then there are no posts"),
])  # fmt: skip
def test_what_could_only_be_refused_is_told_before_the_start(late, problem):
    town = square(*HOURS, late, lasts=3 * HOUR)
    with pytest.raises(ScenarioError) as told:
        check_startable(town)
    assert problem in str(told.value)
    assert "intervention 3" in str(told.value)


def test_a_cue_for_somebody_who_left_is_told_before_the_start():
    cue = Cue(2 * HOUR, "cat", Write("Am I here?"))
    with pytest.raises(ScenarioError, match=r"cue 0 \(write at 7200 s\): @cat left at 01:00:00"):
        check_startable(square(*HOURS, cues=[cue], lasts=3 * HOUR))
    about = Cue(2 * HOUR, "ana", Follow("cat"))
    with pytest.raises(ScenarioError, match="@cat left at 01:00:00"):
        check_startable(square(*HOURS, cues=[about], lasts=3 * HOUR))


def test_what_depends_on_a_condition_is_not_judged():
    when = When(posts, above=1, then=Reinstate("ben"))
    check_startable(square(*HOURS, when, At(2 * HOUR, Ban("ben")), lasts=3 * HOUR))


def test_interventions_after_the_end_are_warned_of():
    late = [At(2 * HOUR, Ban("ana")), When(posts, above=1, every=3 * HOUR, then=Ban("ana"))]
    town = square(*late)
    left_out = "after the end at 01:00:00, and is left out; move it or raise lasts"
    assert [line for line in doubts(town) if "intervention" in line] == [
        f"intervention 0 (Ban) comes at 02:00:00, {left_out}",
        f"intervention 1 (Ban) is first checked at 03:00:00, {left_out}",
    ]
    assert outside(drive(town).events) == []


def test_fewer_turns_are_expected_of_those_who_are_away():
    always = expected_turns(square(lasts=4 * HOUR))
    away = expected_turns(square(At(2 * HOUR, Join("dan")), At(HOUR, Ban("ana")), lasts=4 * HOUR))
    assert away == pytest.approx(always * (1 - (0.5 + 0.75) / 4))


def test_original_ids_are_found():
    people = [Persona(id="Ann_Lee", attributes={"original_id": "Ann Lee"}), Persona(id="ben")]
    town = Scenario("t", [Cohort("people", people)], interventions=[
        At(0, [Ban("Ann Lee"), AddTies([("Ann Lee", "ben")]), Act("Ann Lee", Follow("ben"))]),
    ])  # fmt: skip
    (entry,) = town.interventions
    assert [one.names()[0] for one in entry.interventions] == ["Ann_Lee"] * 3


# -- what is shown --------------------------------------------------------------------------------


def test_interventions_are_shown_as_nobodys(whole):
    console = Console(file=io.StringIO(), width=200)
    show(whole, console, events=True)
    printed = console.file.getvalue()
    assert "00:12:00  an intervention ban @ben" in printed
    assert "@ " not in printed


def test_a_prompt_is_explained_with_what_interventions_changed():
    told = At(5 * MINUTE, [SetManner("ana", "Be loud."), Remember("ana", "it rained")])
    explained = explain(square(told), "ana", 10 * MINUTE)
    sections = dict(explained.sections)
    assert sections["manner"] == "Be loud."
    assert sections["memory"].endswith("it rained")


def test_interventions_are_written_out():
    entries = square(At(HOUR, Ban("ana")), When(posts, above=3, then=Ban("ben"))).interventions
    assert [str(entry) for entry in entries] == [
        "at 01:00:00: Ban(who='ana')",
        "when posts is above 3 (every 01:00:00): Ban(who='ben')",
    ]
