"""Whatever a model says: each turn has one outcome, and the books of the world are right.

With HOSTILE=all, as `make hostile` has it, there are more than twice as many replies.
"""

import os
from collections import Counter
from itertools import count
from random import Random

import made_hostile
import pyarrow as pa
import pytest
from made_worlds import decide

from simnet import HOUR, MINUTE, Cohort, Cue, Feed, Reply, Scenario, Steps, Write, sample
from simnet.inference.fakes.fake import plausible
from simnet.kernel.kernel import Kernel
from simnet.kernel.record_replay import rebuild
from simnet.kernel.status import Status
from simnet.recording.schema import encode
from simnet.runtime.agent_factory import agents_of
from simnet.verbs import EVERY_VERB, Block, Mute, Suspend, SuspendFor
from simnet.world.events import DONE, FAILED, REFUSED, Event

PEOPLE = 40
TURNS = 2_000
MANY = 100_000 if os.environ.get("HOSTILE") == "all" else 40_000
TAME = tuple(verb for verb in EVERY_VERB if verb not in {Suspend, SuspendFor, Block, Mute})
"""Verbs that leave people with something to see and to do."""


def scenario(verbs):
    """Make a town whose people have these verbs and take TURNS turns or more."""
    rhythm = Steps(10 * MINUTE, triggered_by=frozenset({"message"}))
    ties = {"people": 0.3, "answering": 0.5}
    people = sample(PEOPLE)
    cohorts = [
        Cohort("people", people[: PEOPLE // 2], verbs=verbs, rhythm=rhythm, follows=ties,
               text_limit=80),
        Cohort("busy", people[PEOPLE // 2 : -4], verbs=verbs, rhythm=rhythm, follows=ties,
               acts=3, text_limit=280, memory=2),
        Cohort("answering", people[-4:], verbs=(Reply,), rhythm=rhythm, follows=ties,
               text_limit=20, feed=Feed(size=1)),
    ]  # fmt: skip
    cues = [Cue(0.0, people[0].id, Write("Good morning, \u202eeverybody\u2028!"))]
    lasts = TURNS / PEOPLE * 10 * MINUTE
    return Scenario("hostile", cohorts, cues=cues, feed=Feed(window=2 * HOUR), lasts=lasts)


def play(made, seed):
    """Play a scenario with a hostile model; returns the kernel, events, exposures and turns."""
    chance, kernel, make = Random(seed), Kernel(made), agents_of(made)
    agents, events, exposures, turns = {}, [], [], Counter()
    status = Status.FULL
    while status is not Status.DONE:
        status = kernel.advance(64)
        views, kernel.views = kernel.views, []
        for view in views:
            if view.who not in agents:
                agents[view.who] = make(view.who)
            turns[view.who, view.turn] += 1
            said = hostile(chance)
            kernel.deliver([decide(agents[view.who], view, said)])
        rows = kernel.take_rows()
        events += rows.events
        exposures += [row for batch in rows.exposure_batches for row in batch.exposures()]
    return kernel, events, exposures, turns


def hostile(chance):
    return lambda prompt: made_hostile.reply(chance, lambda: plausible(prompt))


def stored(events):
    """Read events back from the columns they are recorded in."""
    with pa.ipc.open_stream(encode("events", events)) as reader:
        return [Event(**row) for row in reader.read_all().to_pylist()]


def check_counts(world, events):
    """Compare what posts and members say of themselves with the rows that say so."""
    done = [event for event in events if event.outcome == DONE]
    verbs = Counter((event.verb, event.post) for event in done)
    assert [event.made for event in done if event.made is not None] == list(range(len(world.posts)))
    reactions = Counter((post, kind) for (_, post), kind in world.reactions.items())
    for post in world.posts:
        assert post.likes == reactions[post.id, "like"]
        assert post.dislikes == reactions[post.id, "dislike"]
        assert post.replies == verbs["reply", post.id]
        assert post.reposts == verbs["repost", post.id] + verbs["quote", post.id]
        assert post.replies == sum(other.parent == post.id for other in world.posts[post.id :])
    assert len(world.timeline) == len(world.posts) + len(world.reposted)


def check(seed, verbs):
    """Play one town and look at every turn; returns the events."""
    made = scenario(verbs)
    kernel, events, exposures, taken = play(made, seed)
    if Suspend not in verbs:  # the suspended take no turns
        assert len(taken) >= TURNS
    assert set(taken.values()) == {1}
    outcomes = Counter((event.who, event.turn) for event in events if event.part == 0)
    assert outcomes.pop((made.cues[0].who, None)) == 1
    assert outcomes == taken
    ledger = kernel.ledger()
    assert ledger.planned == ledger.done + ledger.refused.total() + ledger.failed.total()
    assert ledger.open == 0
    assert all(event.reason for event in events if event.outcome != DONE)
    check_counts(kernel.world, events)
    rebuilt = rebuild(made, stored(events), exposures)
    assert rebuilt.digest() == kernel.world.digest()
    return events


@pytest.mark.slow
def test_two_thousand_hostile_replies_have_one_outcome_each():
    outcomes = Counter(event.outcome for event in check(0, TAME))
    assert min(outcomes[DONE], outcomes[REFUSED], outcomes[FAILED]) > TURNS / 20


@pytest.mark.slow
def test_many_hostile_replies_have_one_outcome_each():
    done, turns = Counter(), 0
    for seed in count():
        events = check(seed, EVERY_VERB if seed % 2 else TAME)
        done.update(event.verb for event in events if event.outcome == DONE)
        turns += sum(event.part == 0 and event.turn is not None for event in events)
        if turns >= MANY:
            break
    assert set(done) == {verb.verb for verb in EVERY_VERB}
