"""A world again from what happened in it."""

from collections.abc import Iterable, Sequence

from simnet.errors import DivergenceError, RecordError
from simnet.world.actions import Action
from simnet.world.event_codec import recall
from simnet.world.events import DONE, Event
from simnet.world.network import Network
from simnet.world.verbs import EVERY_VERB
from simnet.world.world import World


def replay(
    events: Iterable[Event],
    handles: Sequence[str],
    cohorts: Sequence[str],
    network: Network,
    verbs: Iterable[type[Action]] = EVERY_VERB,
) -> World:
    """Do again what was done, in the order of `events`; the digest of the world is the same.

    Takes members' handles, the cohort of each and who followed whom at the start; `network` is
    changed. Name the verbs of your own in `verbs`. Raises RecordError for an event of another
    verb, DivergenceError, naming the row, if doing it again comes out differently.
    """
    known = {verb.verb: verb for verb in verbs}
    world = World(handles, cohorts, network)
    for number, row in enumerate(events):
        if row.outcome != DONE:
            continue
        if row.verb not in known:
            raise RecordError(
                f"event {number} has the verb {row.verb!r}, which is none of "
                f"{', '.join(known)}; name the verb's class"
            )
        recorded = row._replace(marks=tuple(row.marks), shown=tuple(row.shown))
        again = world.apply(
            row.who, recall(known[row.verb], row), row.at, woke=row.woke, turn=row.turn,
            cue=row.cue, part=row.part, marks=recorded.marks, shown=recorded.shown,
        )  # fmt: skip
        if again != recorded:
            raise DivergenceError(f"event {number} was {recorded}; done again it is {again}")
    return world
