"""A recorded run's world is rebuilt from its events and exposures, looks included."""

import pytest
from world_replay import replay

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    FakeModel,
    Feed,
    Never,
    Persona,
    Scenario,
    Steps,
    Write,
    run,
    sample,
)
from simnet.analysis.threads import rows
from simnet.errors import DivergenceError
from simnet.feeds import everything, following, reported
from simnet.kernel.record_replay import rebuild
from simnet.scenario.initial_network import network_of
from simnet.scenario.switch import ScenarioSwitch
from simnet.verbs import EVERY_VERB
from simnet.world.events import Exposure
from simnet.world.state.network import Network

TOUCHED = frozenset({"reply", "quote", "message"})


def town(**fields):
    """Make members who do all there is at equal moments, so that looks and events tie."""
    council = Persona(id="council")
    return Scenario(
        "town",
        [
            Cohort("press", [council], rhythm=Never()),
            Cohort("steady", sample(12), verbs=EVERY_VERB, acts=3, follows={"press": 1.0},
                   rhythm=Steps(5 * MINUTE, triggered_by=TOUCHED), reacts_in=5 * MINUTE,
                   feed=Feed(reads=everything, size=3)),
            Cohort("others", sample(8, seed=1, prefix="o_"), verbs=EVERY_VERB, acts=2,
                   rhythm=Exponential(10 * MINUTE, triggered_by=TOUCHED),
                   follows={"steady": 0.5}, feed=Feed(reads=following, size=2, window=HOUR)),
            Cohort("staff", sample(2, seed=2, prefix="m_"), verbs=EVERY_VERB,
                   rhythm=Steps(10 * MINUTE), feed=Feed(reads=reported, size=2, window=HOUR)),
        ],
        cues=[Cue(0.0, "council", Write("Good morning."))],
        lasts=3 * HOUR,
        **fields,
    )  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return run(town(), model=FakeModel(), out=tmp_path_factory.mktemp("runs"))


def tables(one):
    events = list(rows(one.read("events")))
    return events, [Exposure(**row) for row in one.read("exposures").to_pylist()]


def test_the_world_of_a_record_is_rebuilt_with_mail_mentions_searches_and_reports(recorded):
    events, exposures = tables(recorded)
    done = {event.verb for event in events if event.outcome == "done"}
    assert {"message", "reply", "quote", "search", "find", "trend", "report"} <= done
    world = rebuild(town(), events, exposures)
    assert world.digest() == recorded.manifest.state_hash
    assert world.mail or world.mentions or world.findings


def test_events_without_looks_rebuild_another_world(recorded):
    events, exposures = tables(recorded)
    looked = rebuild(town(), events, exposures)
    start = Network(len(looked.handles), *network_of(town(), looked.handles))
    blind = replay(events, looked.handles, looked.cohorts, start)
    assert [post.shown() for post in blind.posts] == [post.shown() for post in looked.posts]
    assert blind.digest() != looked.digest()


def test_the_world_of_a_fork_is_rebuilt_across_its_switch(recorded):
    later = town(seed=7, feed=Feed(size=1))
    fork = recorded.fork(at=HOUR, scenario=later, before=town(), model=FakeModel())
    world = rebuild(town(), *tables(fork), switches=[ScenarioSwitch(HOUR, later)])
    assert world.digest() == fork.manifest.state_hash != recorded.manifest.state_hash


def test_a_record_that_broke_off_gives_the_world_of_its_last_decision(recorded):
    events, exposures = tables(recorded)
    early = [event for event in events if event.time < HOUR]
    seen = [row for row in exposures if row.time < HOUR]
    world = rebuild(town(), early, seen)
    assert len(world.posts) == sum(e.made is not None for e in early)
    assert world.now >= early[-1].time


def test_a_record_that_was_changed_diverges(recorded):
    events, exposures = tables(recorded)
    place = next(n for n, event in enumerate(events) if event.verb == "reply" and event.made)
    changed = [*events[:place], events[place]._replace(made=9999), *events[place + 1 :]]
    with pytest.raises(DivergenceError, match=rf"event {place} was .*made=9999"):
        rebuild(town(), changed, exposures)
    with pytest.raises(DivergenceError, match="event 0 is missing; replayed it is"):
        rebuild(town(), [], exposures)
    with pytest.raises(DivergenceError, match=r"turn \d+ of @\w+ was shown"):
        rebuild(town(), events, [exposures[0]._replace(score=0.5), *exposures[1:]])
    with pytest.raises(DivergenceError, match=r"turn \d+ of @\w+ was shown \[\]"):
        rebuild(town(), events, [row for row in exposures if row.time < HOUR])
    unknown = exposures[0]._replace(turn=4000)
    with pytest.raises(DivergenceError, match=r"turn 4000 .* replayed it is missing"):
        rebuild(town(), events, [*exposures, unknown])
