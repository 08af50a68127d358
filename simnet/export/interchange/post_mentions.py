"""Whom the posts of a run mention, as the world of the run read them."""

import json
from collections.abc import Callable

import numpy as np

from simnet.recording.reading.run import Run
from simnet.world.state.markup import mentioned
from simnet.world.state.network import Network
from simnet.world.state.rooms import ATTRIBUTE, room_mates
from simnet.world.state.scenario_facts import ScenarioFacts
from simnet.world.state.world_state import WorldState
from simnet.world.verbs.discussing import Say


class Mentions:
    """Finds the handles that the text of a post has after an `@`, among the personas of a run."""

    def __init__(self, run: Run) -> None:
        handles: list[str] = []
        rooms: list[object] = []
        for batch in run.batches("personas", ["id", "attributes"]):
            handles += batch["id"].to_pylist()
            rooms += (
                json.loads(text or "{}").get(ATTRIBUTE) for text in batch["attributes"].to_pylist()
            )
        self._rooms = rooms
        no_ties = Network(len(handles), np.empty(0, np.int32), np.empty(0, np.int32))
        self._world = WorldState(handles, [""] * len(handles), no_ties)
        self._world.facts = ScenarioFacts(attributes=lambda member: {ATTRIBUTE: rooms[member]})

    def of(self, who: str, verb: str, text: str | None) -> list[str]:
        """List who is mentioned in a post, each once; what is said in a room names those in it."""
        world = self._world
        find: Callable[[str], int | None] = world.find
        speaker = world.index.get(who) if verb == Say.verb else None
        if speaker is not None and self._rooms[speaker]:
            find = room_mates(world, speaker)
        return [world.handles[whom] for whom in mentioned(text or "", find)]
