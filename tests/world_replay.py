"""A world rebuilt from what was done and shown in it, in the order in which that happened.

Tests compare such a world with the one whose history it is. A record lacks that order of looks
and events: `simnet.kernel.record_replay` rebuilds a world from its tables and the scenario.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from simnet import draws
from simnet.errors import DivergenceError
from simnet.kernel.record_replay import action_of
from simnet.world.actions import Action
from simnet.world.events import DONE, Event, ExposureBatch
from simnet.world.feeds.feed import Feed
from simnet.world.state.network import Network
from simnet.world.verbs import EVERY_VERB
from simnet.world.world import World

NO_FEEDS: Mapping[str, Feed] = MappingProxyType({})


def replay(
    history: Iterable[Event | ExposureBatch],
    handles: Sequence[str],
    cohorts: Sequence[str],
    network: Network,
    verbs: Iterable[type[Action]] = EVERY_VERB,
    feeds: Mapping[str, Feed] = NO_FEEDS,
    seed: int = 0,
) -> World:
    """Apply the events and repeat the looks of a history; the digest of the world is the same.

    Takes members' handles, the cohort of each, who followed whom at the start (`network` is
    changed), the verbs that occur, the feed of each cohort that looks, and the scenario's seed,
    which matters where a feed source draws numbers. Raises RecordError
    for an event of another verb, DivergenceError, naming the row, if it comes out differently.
    """
    verb_of = {verb.verb: verb for verb in verbs}
    world = World(handles, cohorts, network)
    world.facts = world.facts._replace(seed=seed)
    world.record_state(name for verb in verb_of.values() for name in verb.records)
    for number, row in enumerate(history):
        if isinstance(row, ExposureBatch):
            _compare(number, row, _look(world, row, feeds))
        elif row.outcome == DONE:
            recorded = row._replace(marks=tuple(row.marks), shown=tuple(row.shown))
            _compare(number, recorded, _apply(world, recorded, verb_of, number))
    return world


def _compare(number: int, recorded: object, replayed: object) -> None:
    if replayed != recorded:
        raise DivergenceError(f"event {number} was {recorded}; replayed it is {replayed}")


def _apply(world: World, row: Event, verb_of: Mapping[str, type[Action]], number: int) -> Event:
    return world.apply(
        row.who,
        action_of(row, verb_of, number),
        row.time,
        woke=row.woke,
        turn=row.turn,
        cue=row.cue,
        part=row.part,
        marks=row.marks,
        shown=row.shown,
    )


def _look(world: World, row: ExposureBatch, feeds: Mapping[str, Feed]) -> ExposureBatch:
    """Look again."""
    feed = feeds[world.cohorts[world.index[row.who]]]
    seed = draws.bits_of_turn(world.facts.seed, row.who, row.turn)
    return world.observe(row.who, row.time, feed, turn=row.turn, seed=seed)[1]
