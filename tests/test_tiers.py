"""Rules, promotion to the model, and one reply for many: what is asked, and that it is marked."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_worlds import decide, drive, random_scenario, shown, view

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    Feed,
    Like,
    Never,
    OnPost,
    Persona,
    Reply,
    Repost,
    Scenario,
    Steps,
    Write,
    converse,
    rules,
    run,
    silent,
)
from simnet.agents.host import Host
from simnet.agents.hosted_agent import HostedAgent
from simnet.behaviours import Recall, archetypes, lurk, tiered, touched
from simnet.errors import RunError, ScenarioError
from simnet.feeds import everything
from simnet.inference.fakes.fake import FakeModel, plausible
from simnet.inference.model import Completion
from simnet.runtime.agent_factory import agents_of
from simnet.runtime.answering import answers
from simnet.world.state.posts import MessageSeen


def agent(behaviour, handle="ana", seed=0, description="", **fields):
    persona = Persona(id=handle, description=description)
    cohort = Cohort("people", [persona], behaviour=behaviour, **fields)
    return HostedAgent(persona, cohort.profile("A town.", Feed(), seed))


def act(behaviour, seen, reply="write: from a model", **fields):
    return decide(agent(behaviour, **fields), seen, lambda _: reply)


# -- rules ------------------------------------------------------------------------------------


def test_a_rule_takes_the_first_post_that_moves_one():
    posts = view(shown(3, "ben"), shown(4, "cat", reposts=2), shown(5, "dan", reposts=9))
    assert act(rules.likes(rules.chance(1)), posts).actions == (Like(3),)
    assert act(rules.reposts(rules.threshold(2)), posts).actions == (Repost(4),)
    assert act(rules.reposts(rules.threshold(10)), posts).actions == ()


def test_the_first_behaviour_that_does_something_acts():
    both = rules.first_of(rules.reposts(rules.threshold(2)), rules.likes(rules.chance(1)))
    assert act(both, view(shown(1, "ben"))).actions == (Like(1),)
    assert act(both, view(shown(1, "ben", reposts=2))).actions == (Repost(1),)
    assert act(rules.first_of(silent, silent), view(shown(1, "ben"))).actions == ()


def test_appeals_are_chances_that_follow_the_post():
    me = agent(converse, description="A nurse who cycles to school.")
    crowd = rules.popularity(half=10, least=0.2)
    assert crowd(me, shown()) == pytest.approx(0.2)
    assert crowd(me, shown(likes=6, reposts=4)) == pytest.approx(0.6)
    topic = rules.agreement(0.5)
    assert topic(me, shown(text="School nurse cycles")) == pytest.approx(0.5)
    assert topic(me, shown(text="Nothing alike whatsoever")) == 0.0
    assert rules.all_of(crowd, topic)(me, shown(text="School nurse cycles")) == pytest.approx(0.1)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.1, 1e6), st.floats(0, 1))
def test_popularity_is_always_a_chance_and_grows_with_likes(likes, more, half, least):
    appeal = rules.popularity(half, least)
    me = agent(converse)
    few, many = appeal(me, shown(likes=likes)), appeal(me, shown(likes=likes + more))
    assert 0 <= least <= few <= many <= 1


def test_a_rule_does_nothing_twice_in_a_feed_that_shows_posts_again():
    crowd = [Persona(id=f"p{number}") for number in range(6)]
    rule = rules.first_of(rules.reposts(rules.threshold(0)), rules.likes(rules.chance(1)))
    for feed in (Feed(reads=everything, fresh=False), Feed(reads=everything, again=True)):
        cohort = Cohort("crowd", crowd, behaviour=rule, rhythm=Steps(10 * MINUTE), feed=feed)
        cues = [Cue(0.0, "p0", Write("one")), Cue(1.0, "p1", Write("two"))]
        played = drive(Scenario("again", [cohort], cues, lasts=3 * HOUR))
        assert {event.outcome for event in played.events} == {"done"}
        did = [(e.who, e.verb, e.post) for e in played.events if e.verb in {"repost", "like"}]
        assert len(did) == len(set(did))
        reposted = {(who, post) for who, verb, post in did if verb == "repost"}
        assert reposted == {(p.id, n) for n in (0, 1) for p in crowd if p.id != f"p{n}"}


def test_a_rule_that_waits_for_others_acts_once_a_post_is_shown_again():
    """A chain of thresholds: cat waits for two of those she follows, and sees the post thrice."""
    ties = [(who, "ana") for who in ("ben", "dan", "cat")] + [("cat", "ben"), ("cat", "dan")]

    def one(name, count, every):
        rule = rules.reposts(rules.threshold(count, of="reposters"))
        return Cohort(name, [Persona(id=name)], behaviour=rule, rhythm=Steps(every, offset=MINUTE),
                      reacts_in=1.0)  # fmt: skip

    cohorts = [
        Cohort("writer", [Persona(id="ana")], behaviour=silent, rhythm=Never()),
        one("ben", 0, 10 * MINUTE),
        one("dan", 0, 30 * MINUTE),
        one("cat", 2, 5 * MINUTE),
    ]
    for feed, reposts in ((Feed(again=True), 3), (Feed(), 2)):
        late = replace(cohorts[2], rhythm=Steps(30 * MINUTE, offset=20 * MINUTE))
        people = [*cohorts[:2], late, cohorts[3]]
        cue = [Cue(0.0, "ana", Write("news"))]
        played = drive(Scenario("chain", people, cue, lasts=HOUR, ties=ties, feed=feed))
        did = [e.who for e in played.events if e.verb == "repost" and e.outcome == "done"]
        assert did == ["ben", "dan", "cat"][:reposts]


def test_looks_are_counted_over_turns():
    me = agent(rules.reposts(rules.threshold(3, of="looks")))
    seen = view(shown(3, "ben"))
    acted = [decide(me, seen._replace(turn=turn)).actions for turn in range(4)]
    assert acted == [(), (), (Repost(3),), (Repost(3),)]  # the view does not say it was done
    assert decide(me, seen._replace(turn=5, done=(("repost",),))).actions == ()


def test_a_rules_chance_is_that_of_the_turn():
    def liked(share):
        rule = rules.likes(rules.chance(share))
        return [bool(act(rule, view(shown(1, "ben"), seed=n)).actions) for n in range(400)]

    assert liked(0.3) == liked(0.3)
    assert 80 < sum(liked(0.3)) < 160
    assert sum(liked(0)) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: rules.chance(2),
        lambda: rules.popularity(0),
        lambda: rules.popularity(1, 2),
        lambda: rules.threshold(-1),
        lambda: rules.threshold(1, of="tweets"),
        lambda: rules.agreement(-0.5),
        lambda: tiered(silent, lasts=-1),
        lambda: archetypes(0),
        lambda: archetypes(2, every=0),
        lambda: archetypes(2, sees=0),
    ],
)
def test_numbers_that_make_no_sense_are_refused(make):
    with pytest.raises(ScenarioError, match=r"give|half > 0"):
        make()


# -- promotion --------------------------------------------------------------------------------


def test_a_touch_is_a_reply_a_quote_or_a_message():
    assert not touched(view(shown(1, "ben"), why=("reposted by @cat",)))
    assert touched(view(shown(1, "ben"), shown(2, "cat"), why=("", "replied to you")))
    assert touched(view(shown(1, "ben"), why=("quoted you",)))
    assert touched(view(messages=(MessageSeen("ben", None, "hi", 0.0),)))


def test_rules_act_until_something_touches_the_agent_and_again_later():
    me = agent(tiered(rules.likes(rules.chance(1)), lasts=HOUR))
    done = []
    for minute, why in ((0, ""), (10, "replied to you"), (69, ""), (70, ""), (71, ""), (90, "")):
        seen = view(shown(1, "ben"), turn=minute, now=minute * MINUTE, why=(why,))
        decision = decide(me, seen, lambda _: "write: hey you")
        done.append((decision.actions[0].verb, decision.marks))
    like, spoke = ("like", ()), ("write", ("repeat", "promoted"))
    assert done == [like, ("write", ("promoted",)), spoke, spoke, like, like]


def test_a_promotion_belongs_to_one_agent():
    shared = tiered(silent)
    touching = view(messages=(MessageSeen("ben", None, "hi", 0.0),))
    one, other = agent(shared), agent(shared, "ben")
    assert decide(one, touching, lambda _: "write: yes").actions
    assert not decide(other, view(shown(1, "cat")), lambda _: "write: yes").actions


def test_a_failure_while_promoted_is_counted_by_its_cause():
    seen = view(messages=(MessageSeen("ben", None, "hi", 0.0),))
    decision = act(tiered(silent), seen, Completion("too late", "deadline"))
    assert decision.marks == ("promoted",)
    assert act(tiered(silent), seen, "rubbish").marks == ("garbled", "promoted")


def test_who_answers_a_post_promotes_its_author():
    author = Persona(id="author")
    town = Scenario(
        "town",
        [
            Cohort("authors", [author], behaviour=tiered(silent), follows={"readers": 1.0},
                   rhythm=Exponential(10 * MINUTE)),
            Cohort("readers", [Persona(id="reader")], verbs=(Reply,), follows={"authors": 1.0},
                   rhythm=OnPost(MINUTE), feed=Feed(size=1)),
        ],
        cues=[Cue(MINUTE, "author", Write("Is anyone there?"))],
        lasts=4 * HOUR,
    )  # fmt: skip
    events = drive(town).events
    turns = [e for e in events if e.who == "author" and e.turn is not None]
    answered = next(e.time for e in events if e.verb == "reply")
    assert any("promoted" in e.marks for e in turns)
    assert all(e.woke > answered for e in turns if "promoted" in e.marks)


# -- archetypes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "own", [{"news": ("found @ben: hi",)}, {"suggested": ("ben",)}, {"why": ("replied to you",)}]
)
def test_what_only_the_member_sees_is_decided_in_the_members_own_words(own):
    people = [Persona(id=f"p{n}", description=f"Person number {n}.") for n in range(9)]
    cohort = Cohort("people", people, behaviour=archetypes(1))
    profile = cohort.profile("A town.", Feed(), 0)
    asked = []

    def reply(prompt):
        asked.append(prompt.system + prompt.user)
        return "write: from a model"

    seen = view(shown(1, "ben"), who="p0")
    marks = [
        decide(HostedAgent(person, profile), seen._replace(who=person.id, **fields), reply).marks
        for fields in ({}, own)
        for person in people
    ]
    assert set(marks[:9]) == {("archetype",)}
    assert set(marks[9:]) == {()}
    assert len(set(asked[:9])) == 1
    assert all(f"Person number {n}." in asked[9 + n] for n in range(9))


def test_a_bare_refusal_to_an_archetype_is_marked_as_one_of_its_members():
    people = [Persona(id="p0"), Persona(id="p1")]
    profile = Cohort("people", people, behaviour=archetypes(1)).profile("A town.", Feed(), 0)
    decision = decide(
        HostedAgent(people[0], profile), view(who="p0"), lambda _: "I can't help with that."
    )
    assert decision.marks == ("garbled", "refusal", "archetype")


def crowd(k=2, size=40, **settings):
    """One author, and a cohort whose members all see the same post at about the same time."""
    author = Persona(id="author")
    people = [Persona(id=f"p{n}", description=f"Person number {n}.") for n in range(size)]
    return Scenario(
        "crowd",
        [
            Cohort("authors", [author], rhythm=Never()),
            Cohort("people", people, behaviour=archetypes(k, **settings), rhythm=OnPost(MINUTE),
                   follows={"authors": 1.0}),
        ],
        cues=[Cue(MINUTE, "author", Write("Tap water is safe.")),
              Cue(HOUR, "author", Write("We are done."))],
        lasts=2 * HOUR,
        seed=3,
    )  # fmt: skip


class Counting(FakeModel):
    """A fake that keeps the prompts that reach it."""

    def __init__(self, reply=plausible, **settings):
        self.asked = []
        super().__init__(lambda prompt: self.asked.append(prompt) or reply(prompt), **settings)


def think(host, views):
    async def collect():
        return [answer async for answer in answers(host, views)]

    return asyncio.run(collect())


def test_one_reply_answers_for_all_that_are_alike_and_the_record_says_so():
    model = Counting()
    host = Host(agents_of(crowd()), model)
    first = [view(shown(0, "author", "Safe."), who=f"p{n}", seed=n) for n in range(40)]
    found = think(host, first)
    decisions = [d for answer in found for d in answer.decisions]
    assert sorted(d.who for d in decisions) == sorted(f"p{n}" for n in range(40))
    assert len(model.asked) == 2
    assert {d.marks for d in decisions} == {("archetype",)}
    assert len({d.actions for d in decisions}) <= 2
    assert sum(answer.usage.calls for answer in found) == 2
    assert sum(answer.usage.shared for answer in found) == 38


def test_a_run_pays_once_and_records_every_member(tmp_path):
    model = Counting()
    done = run(crowd(k=3), model=model, out=tmp_path)
    calls = done.read("calls").to_pylist()
    events = done.read("events").to_pylist()
    turns = [event for event in events if event["turn"] is not None]
    assert len(turns) == len(calls) > 40
    assert all("archetype" in event["marks"] for event in turns)
    assert len(model.asked) == len({call["prompt_hash"] for call in calls}) < len(calls) / 8
    assert len({(call["prompt_hash"], call["completion"]) for call in calls}) == len(model.asked)
    figures = {row["name"]: row["value"] for row in done.read("metrics").to_pylist()}
    assert (figures["calls"], figures["shared"]) == (
        len(model.asked), len(calls) - len(model.asked),
    )  # fmt: skip


def test_later_and_elsewhere_the_same_situation_has_the_same_reply():
    views = [view(shown(0, "author", "Safe."), who=f"p{n}", seed=n) for n in range(40)]

    def decided(*batches):
        model = Counting()
        host = Host(agents_of(crowd()), model)
        found = {d.who: d for b in batches for a in think(host, b) for d in a.decisions}
        return found, len(model.asked)

    together, asked = decided(views)
    apart, asked_apart = decided(views[:7], views[7:])
    assert together == apart
    assert asked == asked_apart == 2
    elsewhere, _ = decided(views[20:])
    assert elsewhere == {who: d for who, d in together.items() if who in elsewhere}


def test_two_batches_under_way_share_what_is_being_asked():
    model = Counting(delay=lambda _: 0.02)
    host = Host(agents_of(crowd(k=1)), model)

    async def both():
        async def one(numbers):
            seen = [view(shown(0, "author"), who=f"p{n}") for n in numbers]
            return [d async for thoughts in host.think(seen) for d in thoughts.decisions]

        return await asyncio.gather(one(range(5)), one(range(5, 9)))

    first, second = asyncio.run(both())
    assert (len(first), len(second), len(model.asked)) == (5, 4, 1)


def test_a_failure_reaches_all_that_waited_and_is_asked_again_later():
    replies = iter([Completion("too late", "deadline"), Completion("like 1")])

    class Once:
        name = "once"

        async def generate(self, prompts):
            yield [(at, next(replies)) for at in range(len(prompts))]

    host = Host(agents_of(crowd(k=1)), Once())
    views = [view(shown(0, "author"), who=f"p{n}") for n in range(3)]
    failed = [d for a in think(host, views) for d in a.decisions]
    assert [d.failure for d in failed] == ["deadline: too late"] * 3
    assert {d.marks for d in failed} == {("archetype",)}
    later = [d for a in think(host, views) for d in a.decisions]
    assert {d.actions for d in later} == {(Like(0),)}


def test_a_model_that_breaks_raises_for_all_that_waited():
    class Broken:
        name = "broken"

        async def generate(self, prompts):
            await asyncio.sleep(0.02)
            raise RunError("the model is gone")
            yield

    async def both():
        host = Host(agents_of(crowd(k=1)), Broken())

        async def one(who):
            return [t async for t in host.think([view(shown(0, "author"), who=who)])]

        return await asyncio.gather(one("p1"), one("p2"), return_exceptions=True)

    assert [str(error) for error in asyncio.run(both())] == ["the model is gone"] * 2


def test_what_is_told_otherwise_makes_another_prompt():
    model = Counting(lambda _: "like 1")
    host = Host(agents_of(crowd(k=1)), model)
    same = view(shown(0, "author", likes=9), who="p0")
    situations = [
        same,
        same._replace(who="p1", posts=(shown(0, "author", likes=15),)),
        same._replace(who="p2", why=("reposted by @p9",)),
        same._replace(who="p3", refused=("like: no",)),
        same._replace(who="p4", posts=(shown(0, "author", likes=16),)),
        same._replace(who="p5", now=2 * HOUR),
        same._replace(who="p6", posts=(shown(1, "author", likes=9),)),
        same._replace(who="p7", posts=(shown(0, "author", likes=9, label="false"),)),
    ]
    decisions = {d.who: d.actions for a in think(host, situations) for d in a.decisions}
    assert len(model.asked) == 4
    assert decisions["p6"] == (Like(1),), "a post told in the same words is still another post"


def test_what_touches_a_member_is_answered_in_the_members_own_words():
    model = Counting()
    host = Host(agents_of(crowd(k=1)), model)
    touching = view(shown(0, "author"), who="p7", why=("replied to you",))
    (decision,) = [d for a in think(host, [touching]) for d in a.decisions]
    assert "archetype" not in decision.marks
    assert "You are @p7. Person number 7." in model.asked[0].system
    think(host, [view(shown(0, "author"), who="p7")])
    assert len(model.asked) == 2
    assert "You are @p7." not in model.asked[1].system


def test_members_who_differ_below_what_is_looked_at_are_alike():
    model = Counting()
    host = Host(agents_of(crowd(k=1, sees=1)), model)
    think(host, [view(shown(0, "author"), shown(n, "x"), who=f"p{n}") for n in range(1, 9)])
    assert len(model.asked) == 1


def test_a_member_decides_alone_whether_to_act_like_its_archetype():
    host = Host(agents_of(crowd(k=1)), Counting())
    host._agents = {f"p{n}": agent(lurk(0.5, archetypes(1)), f"p{n}") for n in range(40)}
    views = [view(shown(0, "author"), who=f"p{n}", seed=n) for n in range(40)]
    decisions = [d for a in think(host, views) for d in a.decisions]
    acted = sum(d.marks == ("archetype",) for d in decisions)
    assert 8 < acted < 32


def test_behaviours_that_keep_notes_keep_none_for_an_archetype():
    async def counts(me, seen, ask):
        me.notes["turns"] = me.notes.get("turns", 0) + 1
        return Write(f"turn {me.notes['turns']}")

    host = Host(agents_of(crowd(k=1, otherwise=counts)), Counting())
    views = [view(shown(0, "author"), who=f"p{n}") for n in range(3)]
    assert {d.actions for a in think(host, views) for d in a.decisions} == {(Write("turn 1"),)}


@given(st.integers(0, 1_000), st.integers(1, 5))
@settings(max_examples=15, deadline=None)
def test_archetypes_do_the_same_whoever_is_faster(number, k):
    scenario = replace(crowd(k, size=12, every=10 * MINUTE), seed=number)
    assert drive(scenario).tables() == drive(scenario, chance=Random(number)).tables()


def test_members_of_one_archetype_have_one_prompt_and_seeds_choose_the_archetypes():
    def groups(seed):
        prompts = {}
        make = agents_of(replace(crowd(k=4), seed=seed))
        for n in range(40):
            seen = view(shown(0, "author"), who=f"p{n}", seed=n)
            decide(
                make(f"p{n}"), seen, lambda p, n=n: prompts.setdefault(p, []).append(n) or "pass"
            )
        return sorted(prompts.values())

    assert len(groups(1)) == 4
    assert groups(1) == groups(1) != groups(2)


def with_tiers(scenario):
    """Give the cohorts of a scenario other minds, each another."""
    crowd = rules.first_of(rules.reposts(rules.popularity(3, 0.1)), rules.likes(rules.chance(0.5)))
    minds = [
        {"memory": Recall(tokens=40, keeps=6, reflect_every=2)},
        {"behaviour": tiered(crowd, lasts=20 * MINUTE)},
        {"behaviour": archetypes(2, every=15 * MINUTE, sees=2)},
        {"behaviour": lurk(0.7, archetypes(1)), "memory": Recall(keeps=3)},
    ]
    cohorts = [
        replace(cohort, **minds[(scenario.seed + place) % len(minds)])
        for place, cohort in enumerate(scenario.cohorts)
    ]
    return replace(scenario, cohorts=cohorts)


@pytest.mark.slow
@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_any_scenario_with_tiers_is_the_same_whoever_is_faster(number):
    scenario = with_tiers(random_scenario(number))
    assert drive(scenario).tables() == drive(scenario, chance=Random(number)).tables()


def test_all_tiers_together_are_a_function_of_scenario_and_seed():
    people = [Persona(id=f"m{n}", description=f"Likes topic {n % 3}.") for n in range(24)]
    mixed = [
        Cohort("model", people[:6], memory=Recall(tokens=40, keeps=8, reflect_every=2)),
        Cohort("rules", people[6:12], behaviour=tiered(rules.reposts(rules.popularity(1, 0.2)))),
        Cohort("types", people[12:18], behaviour=archetypes(2, sees=2)),
        Cohort("lurkers", people[18:], behaviour=lurk(0.3, rules.likes(rules.chance(0.5)))),
    ]
    everyone = {cohort.name: 0.5 for cohort in mixed}
    feed = Feed(reads=everything, size=3)
    town = Scenario(
        "town", [replace(c, follows=everyone) for c in mixed], feed=feed, lasts=4 * HOUR
    )
    first = drive(town).tables()
    assert first == drive(town, chance=Random(4)).tables()
    verbs = {(e.cohort, e.verb) for e in first[0]}
    assert {("rules", "repost"), ("lurkers", "like")} <= verbs
    assert any("archetype" in e.marks for e in first[0])
