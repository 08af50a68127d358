"""Feed sources that draw numbers or read the scenario."""

from dataclasses import dataclass, field

import pytest
from made_worlds import do, drive, world
from world_replay import replay

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Feed,
    Never,
    Persona,
    Scenario,
    Steps,
    Write,
    silent,
)
from simnet.errors import ScenarioError
from simnet.feeds import both, everything, following, written_by
from simnet.kernel.record_replay import rebuild
from simnet.world.feeds.feed import choose


def sampled(world, viewer, first, limit, look):
    """Offer each entry with a chance of one half, drawn anew at each look."""
    entries = everything(world, viewer, first, limit)
    return [entry for entry in entries if look.draw() < 0.5]


def town(feed, seed=0, **fields):
    people = [Persona(id=f"p{number}") for number in range(6)]
    cohort = Cohort("crowd", people, behaviour=silent, rhythm=Steps(10 * MINUTE), feed=feed)
    cues = [Cue(1.0 + number, f"p{number % 6}", Write(f"post {number}")) for number in range(20)]
    return Scenario("town", [cohort], cues, lasts=HOUR, seed=seed, **fields)


def shown(played):
    return [(batch.who, batch.turn, batch.posts) for batch in played.exposure_batches]


def test_a_source_draws_seeded_numbers_that_differ_by_member_turn_and_seed():
    feed = Feed(reads=sampled, size=20, fresh=False)
    one, again, other = (drive(town(feed, seed)) for seed in (0, 0, 1))
    assert shown(one) == shown(again) != shown(other)
    mine = {posts for who, turn, posts in shown(one) if turn}
    assert len(mine) > 20  # nobody sees the same at two looks, nor two the same
    share = sum(map(len, mine)) / len(mine) / 20
    assert 0.3 < share < 0.6


def test_what_a_source_drew_is_replayed():
    scenario = town(Feed(reads=both(sampled, following), size=4))
    played = drive(scenario)
    rebuilt = rebuild(scenario, played.events, played.exposures())
    assert rebuilt.digest() == played.kernel.world.digest()


def test_a_history_is_replayed_with_the_seed_of_the_scenario():
    from simnet import draws

    feed = Feed(reads=sampled, size=9)
    place = world()
    history = [do(place, "ana", Write(f"post {number}")) for number in range(9)]
    seed = draws.bits(5, "ben", 0)
    history.append(place.observe("ben", 0.0, feed, turn=0, seed=seed)[1])
    assert 0 < len(history[-1].posts) < 9
    again = world()
    rebuilt = replay(
        history, again.handles, again.cohorts, again.network, feeds={"people": feed}, seed=5
    )
    assert rebuilt.digest() == place.digest()


def test_a_source_reads_the_facts_of_the_scenario_and_its_personas():
    found = []

    def alike(world, viewer, first, limit, look):
        found.append((look.who, look.cohort, look.turn, look.now, look.scenario.name,
                      look.scenario.seed, look.scenario.lasts))  # fmt: skip
        side = look.scenario.attributes
        entries = everything(world, viewer, first, limit)
        return [e for e in entries if side(world.timeline[e][0]) == side(viewer)]

    cohorts = [
        Cohort(name, [Persona(id=f"{name}{n}", attributes={"side": n % 2}) for n in range(3)],
               behaviour=silent, rhythm=Steps(10 * MINUTE, offset=MINUTE), feed=Feed(reads=alike))
        for name in ("a", "b")
    ]  # fmt: skip
    cues = [Cue(0.0, f"{name}{n}", Write("hi")) for name in "ab" for n in range(3)]
    played = drive(Scenario("sides", cohorts, cues, lasts=2 * MINUTE, seed=3))
    assert found[0] == ("a0", "a", 0, 60.0, "sides", 3, 120.0)
    authors = {batch.who: sorted(played.kernel.world.posts[n].author for n in batch.posts)
               for batch in played.exposure_batches}  # fmt: skip
    assert authors["a0"] == ["a2", "b0", "b2"]
    assert authors["b1"] == ["a1"]


def test_a_newspaper_reaches_those_who_do_not_follow_it():
    paper = Cohort("paper", [Persona(id="paper")], behaviour=silent, rhythm=Never())
    people, feed = [Persona(id="ana"), Persona(id="ben")], Feed(reads=written_by("paper"))
    rhythm = Steps(10 * MINUTE, offset=MINUTE)
    readers = Cohort("readers", people, behaviour=silent, rhythm=rhythm, feed=feed)
    cues = [Cue(1.0, "paper", Write("news")), Cue(2.0, "ben", Write("gossip"))]
    played = drive(Scenario("s", [paper, readers], cues, lasts=2 * MINUTE))
    assert [batch.posts for batch in played.exposure_batches] == [(0,), (0,)]


def test_a_source_that_cannot_be_hashed_works():
    @dataclass
    class Fixed:
        entries: list = field(default_factory=list)

        def __call__(self, world, viewer, first, limit):
            return self.entries

    place = world()
    do(place, "ana", Write("news"))
    assert [post.id for post in choose(place, 1, Feed(reads=Fixed([0])), 0.0, ()).posts] == [0]


def test_a_source_that_fails_is_named():
    def broken(world, viewer, first, limit, look):
        return look.draw() / 0

    with pytest.raises(ScenarioError, match=r"cohort 'people': source broken raised ZeroDiv"):
        choose(world(), 0, Feed(reads=broken), 0.0, ())
