"""The heap of simulated time."""

from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from made_worlds import decide, drive

from simnet import (
    HOUR,
    MINUTE,
    Action,
    Cohort,
    Cue,
    Effect,
    Exponential,
    Feed,
    Follow,
    Like,
    Never,
    OnPost,
    Pass,
    Persona,
    PostId,
    Reply,
    Repost,
    Scenario,
    Steps,
    TakingTurns,
    Write,
    draws,
    silent,
)
from simnet.errors import RunError
from simnet.feeds import everything
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.runtime.agent_factory import agents_of
from simnet.verbs import Message, Reinstate, Relation, Suspend
from simnet.world.decision import Decision


def people(*handles):
    return [Persona(id=handle) for handle in handles]


def always(*actions):
    async def doing(me, view, ask):
        return list(actions)

    return doing


def town(*handles, **fields):
    fields = {"rhythm": Steps(10 * MINUTE), "behaviour": silent, "reacts_in": MINUTE} | fields
    return Cohort("town", people(*handles), **fields)


def played(*cohorts, **fields):
    return drive(Scenario("s", cohorts, **{"lasts": 25 * MINUTE, **fields}))


def test_a_wake_is_followed_by_a_land_after_the_time_to_react():
    events = played(town("ana")).events
    assert [(e.woke, e.time, e.turn) for e in events] == [
        (0.0, 60.0, 0), (600.0, 660.0, 1), (1200.0, 1260.0, 2),
    ]  # fmt: skip


def test_nobody_wakes_after_the_end_and_what_was_begun_lands():
    events = played(town("ana"), lasts=20 * MINUTE).events
    assert events[-1].time == 21 * MINUTE
    assert len(played(town("ana"), lasts=20 * MINUTE - 1).events) == 2


def test_the_kernel_waits_only_for_what_lands_next():
    scenario = Scenario("s", [town("ana", "ben", rhythm=Exponential(), reacts_in=60.0)], seed=1)
    kernel = Kernel(scenario)
    make = agents_of(scenario)
    assert kernel.advance(100) is Status.WAITING
    views = list(kernel.views)
    assert kernel.ledger().open == len(views) >= 1
    kernel.deliver([decide(make(view.who), view) for view in views])
    kernel.views.clear()
    now = kernel.now
    assert kernel.advance(1) in {Status.FULL, Status.WAITING}
    assert kernel.now >= now


def test_nobody_waits_for_a_turn_that_lands_later():
    slow = Cohort("slow", people("ana"), rhythm=Steps(HOUR), behaviour=silent, reacts_in=1800.0)
    quick = Cohort("quick", people("ben"), rhythm=Steps(60.0), behaviour=silent, reacts_in=1.0)
    scenario = Scenario("s", [slow, quick], lasts=HOUR)
    kernel, make, undecided = Kernel(scenario), agents_of(scenario), []
    while True:
        status = kernel.advance(9)
        views, kernel.views = kernel.views, []
        undecided += [view for view in views if view.who == "ana"]
        ready = [decide(make("ben"), view) for view in views if view.who == "ben"]
        kernel.deliver(ready)
        if not ready:
            break
    assert status is Status.WAITING
    assert [view.turn for view in undecided] == [0]
    assert [event.turn for event in kernel.events] == list(range(30))
    assert (kernel.now, kernel.ledger().open) == (1741.0, 1)


def test_all_who_wake_within_the_time_to_react_think_at_once():
    kernel = Kernel(Scenario("s", [town(*(f"m{n}" for n in range(50)))]))
    assert kernel.advance(1000) is Status.WAITING
    assert len(kernel.views) == kernel.ledger().open == 50


def test_the_kernel_hands_out_as_many_views_as_asked_for():
    kernel = Kernel(Scenario("s", [town(*(f"m{n}" for n in range(50)))]))
    assert kernel.advance(20) is Status.FULL
    assert len(kernel.views) == 20


def test_a_decision_nobody_waits_for_is_refused():
    kernel = Kernel(
        Scenario(
            "s",
            [
                town("ana", "ben", rhythm=Never()),
            ],
        )
    )
    with pytest.raises(RunError, match="nobody waits for turn 0 of @ana"):
        kernel.deliver([Decision("ana", 0, ())])
    kernel = Kernel(Scenario("s", [town("ana")]))
    kernel.advance(9)
    with pytest.raises(RunError, match="nobody waits for turn 1 of @ana"):
        kernel.deliver([Decision("ana", 1, ())])


def test_a_cue_happens_at_its_time_whatever_the_verbs_of_the_cohort():
    cues = [Cue(70.0, "ana", Follow("ben")), Cue(5.0, "ben", Write("hi"))]
    events = played(town("ana", "ben", verbs=(Pass,), rhythm=Never()), cues=cues).events
    assert [(e.time, e.who, e.verb, e.cue, e.turn, e.woke, e.outcome) for e in events] == [
        (5.0, "ben", "write", 1, None, None, "done"),
        (70.0, "ana", "follow", 0, None, None, "done"),
    ]


def test_cues_of_one_moment_happen_in_their_order_and_before_anyone_wakes():
    cues = [Cue(0.0, "ben", Write(f"{number}")) for number in range(5)]
    one = played(town("ana", feed=Feed(reads=everything), rhythm=Steps(6000.0)),
                 Cohort("b", people("ben"), rhythm=Never()), cues=cues)  # fmt: skip
    assert [e.text for e in one.events[:5]] == ["0", "1", "2", "3", "4"]
    assert len(one.views[0].posts) == 5


def test_a_verb_the_cohort_lacks_is_refused_and_told():
    one = played(town("ana", behaviour=always(Like(0), Write("hi")), verbs=(Write,)))
    first, second = one.events[:2]
    assert (first.part, first.outcome, first.reason) == (
        0,
        "refused",
        "cohort 'town' has no verb 'like'",
    )
    assert (second.part, second.outcome) == (1, "done")
    assert one.views[1].refused == ("like: cohort 'town' has no verb 'like'",)
    assert one.views[0].refused == ()


def test_a_turn_without_an_action_is_a_pass():
    assert {(e.verb, e.outcome, e.part) for e in played(town("ana")).events} == {
        ("pass", "done", 0)
    }


def test_a_turn_of_several_actions_has_a_row_for_each_and_one_outcome():
    one = played(town("ana", behaviour=always(Write("a"), Write("b"), Like(0))))
    assert [(e.turn, e.part) for e in one.events[:4]] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    ledger = one.kernel.ledger()
    assert (ledger.planned, ledger.done, ledger.events) == (3, 3, 9)
    assert all(e.shown == () and e.marks == () for e in one.events if e.part)


def test_what_was_shown_and_the_marks_are_on_the_first_row_of_a_turn_alone():
    cohort = Cohort("town", people("ana"), rhythm=Steps(10 * MINUTE), acts=3, text_limit=5,
                    feed=Feed(reads=everything))  # fmt: skip
    cues = [Cue(0.0, "ben", Write("hello"))]
    silent_ben = Cohort("others", people("ben"), rhythm=Never())
    scenario = Scenario("s", [cohort, silent_ben], cues, lasts=MINUTE)
    one = drive(scenario, lambda _: "like 1\nwrite: hello\nwrite: there")
    assert [(e.verb, e.part, e.shown) for e in one.events[1:]] == [
        ("like", 0, (0,)), ("write", 1, ()), ("write", 2, ()),
    ]  # fmt: skip
    assert [bool(e.marks) for e in one.events[1:]] == [True, False, False]


def test_a_failed_turn_is_one_row_with_its_cause():
    cohort = Cohort("town", people("ana"), rhythm=Steps(10 * MINUTE), verbs=(Write, Pass))
    one = drive(Scenario("s", [cohort], lasts=MINUTE), lambda _: "nonsense")
    (event,) = one.events
    assert (event.verb, event.outcome, event.marks) == ("pass", "failed", ("garbled",))
    assert event.reason == "the reply is not an action: 'nonsense'"
    ledger = one.kernel.ledger()
    assert (ledger.planned, ledger.done, dict(ledger.failed)) == (1, 0, {"garbled": 1})


def test_the_suspended_do_not_wake_and_what_they_had_begun_is_refused():
    one = played(
        town("ana", "ben", behaviour=always(Write("hi"))), cues=[Cue(30.0, "ben", Suspend("ana"))]
    )
    mine = [e for e in one.events if e.who == "ana"]
    assert [(e.outcome, e.reason) for e in mine] == [("refused", "@ana is suspended")]
    assert [view.turn for view in one.views if view.who == "ana"] == [0]
    assert one.kernel.ledger().refused == {"write": 1}


def suspended(rhythm, lifted, *cues, who="ana", **fields):
    """Suspend ana from 30 s on until `lifted`; return the views of each member."""
    staff = Cohort("staff", people("mod"), rhythm=Never())
    cues = [Cue(30.0, "mod", Suspend(who)), Cue(lifted, "mod", Reinstate(who)), *cues]
    one = played(town("ana", "ben", rhythm=rhythm), staff, cues=cues, lasts=HOUR, **fields)
    planned = one.kernel.ledger()
    assert planned.planned == len(one.views) + len(cues)
    assert planned.done == planned.planned - planned.refused.total()
    seen = {"ana": [], "ben": []}
    for view in one.views:
        seen[view.who].append((view.now, view.turn))
    return seen


def test_the_suspended_cost_nothing_and_wake_again_when_reinstated():
    seen = suspended(Steps(10 * MINUTE), 35 * MINUTE)
    assert [at for at, _ in seen["ben"]] == [0, 600, 1200, 1800, 2400, 3000, 3600]
    assert seen["ana"] == [(0, 0), (2400, 1), (3000, 2), (3600, 3)]


def test_who_takes_turns_misses_those_of_a_suspension_and_keeps_to_the_order():
    order = TakingTurns(["ana", "ben"] * 10, every=2 * MINUTE)
    seen = suspended(order, 17 * MINUTE)
    assert [at for at, _ in seen["ben"]] == [120 + 240 * n for n in range(10)][:15]
    assert seen["ana"][:3] == [(0, 0), (1200, 1), (1440, 2)]


def test_random_rhythms_go_on_after_a_suspension():
    seen = suspended(Exponential(5 * MINUTE), 30 * MINUTE)
    after = [at for at, turn in seen["ana"] if at > 30]
    assert min(after) >= 30 * MINUTE
    assert len(after) > 2
    assert [turn for _, turn in seen["ana"]] == list(range(len(seen["ana"])))


def test_what_happened_in_a_suspension_wakes_one_after_it():
    rhythm = OnPost(5.0, frozenset({"message"}))
    seen = suspended(rhythm, 500.0, Cue(28.0, "ben", Message("ana", "are you there?")))
    assert seen["ana"] == [(505.0, 0)]
    assert suspended(rhythm, 500.0)["ana"] == []


# -- wakes that events cause ----------------------------------------------------------


def triggered(by, *cues, **fields):
    sleepers = Cohort("sleepers", people("ana"), rhythm=OnPost(5.0, frozenset({by})),
                      behaviour=silent, reacts_in=MINUTE, feed=Feed(reads=everything))  # fmt: skip
    others = Cohort("others", people("ben"), rhythm=Never())
    ties = [("ana", "ben")]
    one = drive(Scenario("s", [sleepers, others], cues, lasts=3600.0, ties=ties, **fields))
    return [e.woke for e in one.events if e.turn is not None]


def test_a_post_wakes_followers():
    assert triggered("post", Cue(10.0, "ben", Write("hi"))) == [15.0]
    assert triggered("post", Cue(10.0, "ana", Write("hi"))) == []


def test_a_repost_wakes_followers():
    mine = Cue(1.0, "ana", Write("mine"))
    assert triggered("post", mine, Cue(10.0, "ben", Repost(0))) == [15.0]
    assert triggered("post", mine, Cue(10.0, "ben", Like(0))) == []


def test_a_verb_of_ones_own_that_reposts_wakes_followers():
    @dataclass(frozen=True, slots=True)
    class Boost(Action):
        """Put a post into the feeds of one's followers."""

        verb: ClassVar[str] = "boost"
        relation: ClassVar[Relation] = "repost"
        post: PostId

        def do(self, world, who, now):
            world.enter(who, world.visible_post(who, self.post), now)
            return Effect(self.post)

    mine = Cue(1.0, "ana", Write("mine"))
    assert triggered("post", mine, Cue(10.0, "ben", Boost(0))) == [15.0]


def test_a_reply_wakes_the_author():
    mine = Cue(1.0, "ana", Write("mine"))
    assert triggered("reply", mine, Cue(10.0, "ben", Reply(0, "hi"))) == [15.0]
    assert triggered("reply", mine, Cue(10.0, "ben", Write("hi"))) == []


def test_a_message_wakes_its_reader():
    assert triggered("message", Cue(10.0, "ben", Message("ana", "hi"))) == [15.0]


def test_what_happens_while_one_thinks_wakes_one_afterwards_once():
    cues = [Cue(at, "ben", Write("hi")) for at in (10.0, 20.0, 30.0, 40.0)]
    assert triggered("post", *cues) == [15.0, 80.0]


def test_several_posts_before_one_looks_are_one_wake():
    assert triggered("post", Cue(10.0, "ben", Write("1")), Cue(12.0, "ben", Write("2"))) == [15.0]


def test_nothing_is_kept_of_who_was_touched():
    cues = [Cue(1.0, "ana", Write("hi"))] + [Cue(2.0 + n, "ben", Reply(0, "t")) for n in range(9)]
    one = played(town("ana", "ben", rhythm=Never()), cues=cues)
    assert one.kernel.world.triggered == []


def test_a_refused_action_wakes_nobody():
    assert triggered("reply", Cue(10.0, "ben", Reply(7, "hi"))) == []


def test_who_takes_part_first_makes_no_difference_to_who_acts_when():
    one, two = (
        town("ana", "ben", rhythm=Exponential(300.0)),
        Cohort("b", people("cat"), behaviour=silent),
    )
    forwards, backwards = played(one, two), played(two, one)
    key = lambda events: sorted((e.time, e.who, e.turn) for e in events)  # noqa: E731
    assert key(forwards.events) == key(backwards.events)
    assert len(played(replace(one, reacts_in=1.0), two).events) > 3


def test_each_persona_and_turn_has_random_bits_of_its_own():
    views = played(town("ana", "ben")).views
    assert len({one.seed for one in views}) == len(views) >= 4
    again = played(town("ben", "eve")).views
    of_ben = [one.seed for one in views if one.who == "ben"]
    assert [one.seed for one in again if one.who == "ben"] == of_ben


def test_a_turn_that_failed_is_recorded_with_its_number():
    kernel = Kernel(Scenario("s", [town("ana")], lasts=25 * MINUTE))
    while kernel.advance(1) is not Status.DONE:
        views, kernel.views = kernel.views, []
        kernel.deliver([Decision(one.who, one.turn, (), (), "no reply") for one in views])
    failed = [(e.turn, e.outcome, e.reason) for e in kernel.events]
    assert failed == [(turn, "failed", "no reply") for turn in range(3)]


@dataclass(frozen=True)
class Noting:
    """Wakes on posts and notes the chance it is given."""

    chances: list
    triggered_by = frozenset({"post"})

    def first(self, handle, chance):
        return None

    def after(self, handle, turn, now, chance):
        return None

    def triggered(self, handle, now, chance):
        self.chances.append((handle, chance()))
        return now


def test_a_wake_by_an_event_draws_by_who_wakes_in_which_turn_and_for_what():
    noting = Noting([])
    authors = Cohort("authors", people("ana"), rhythm=Never())
    readers = Cohort(
        "readers", people("ben"), rhythm=noting, follows={"authors": 1.0}, behaviour=silent
    )
    cues = [Cue(0, "ana", Write("One.")), Cue(10 * MINUTE, "ana", Write("Two."))]
    drive(Scenario("s", [authors, readers], cues=cues, lasts=HOUR, seed=5))
    drawn = [draws.Draw(5, "ben", turn, "stirred")() for turn in (0, 1)]
    assert noting.chances == [("ben", number) for number in drawn]
