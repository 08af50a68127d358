"""Concordia: everyone acts in each step, and a game master resolves; run in its environment.

Simulation, engine, game master and entities are Concordia's own: its engine of simultaneous
moves, its game master for experiments and its minimal entity. Such a game master is given a
component that holds the experiment; ours is a board of posts. The model is a subclass of
Concordia's model class that answers at once in the same process, and so is the embedder.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import society
from concordia.environment import engine
from concordia.environment.engines.simultaneous import PUTATIVE_EVENT_TAG, Simultaneous
from concordia.language_model.language_model import LanguageModel
from concordia.prefabs.entity import minimal
from concordia.prefabs.game_master import marketplace
from concordia.prefabs.simulation import generic
from concordia.typing import entity, entity_component, prefab


class Instant(LanguageModel):
    """Answers at once."""

    def __init__(self, meter: society.Meter) -> None:
        self.meter = meter

    def sample_text(self, prompt: str, **options: object) -> str:
        """Count the call; answer with an action."""
        verb = society.action(self.meter.call(prompt))
        return f"{verb}: {society.TEXT}"

    def sample_choice(
        self, prompt: str, responses: Sequence[str], **options: object
    ) -> tuple[int, str, dict]:
        """Count the call; choose the first answer."""
        self.meter.call(prompt)
        return 0, responses[0], {}


class Board(entity_component.ContextComponent):
    """Shows the newest posts, asks for an action, and does what was decided."""

    def __init__(self, acting_player_names: Sequence[str], posts: list[str], seen: int) -> None:
        super().__init__()
        self.posts, self.seen = posts, seen
        self.decided: list[str] = []
        self.actions: list[tuple[str, str]] = []
        call = f"What does {{name}} do? One of {', '.join(society.ACTIONS)}, and a text."
        self.asked = engine.action_spec_to_string(entity.free_action_spec(call_to_action=call))

    def pre_observe(self, observation: str) -> str:
        """Keep what people want to do until it is resolved."""
        if PUTATIVE_EVENT_TAG in observation:
            self.decided = observation.split(PUTATIVE_EVENT_TAG, 1)[1].strip().splitlines()
        return ""

    def pre_act(self, action_spec: entity.ActionSpec) -> str:
        """Answer the engine's question of a kind."""
        match action_spec.output_type:
            case entity.OutputType.MAKE_OBSERVATION:
                return "The newest posts:\n" + "\n".join(self.posts[-self.seen :])
            case entity.OutputType.NEXT_ACTION_SPEC:
                return self.asked
            case entity.OutputType.RESOLVE:
                for line in self.decided:
                    self.resolve(line)
                return f"{len(self.decided)} people have acted."
        return ""

    def resolve(self, line: str) -> None:
        """Do what one person has decided, such as `person 1 like: ...`."""
        head, _, text = line.partition(": ")
        who, _, verb = head.rpartition(" ")
        self.actions.append((who, verb))
        if verb in {"write", "reply", "repost"}:
            self.posts.append(text)

    def get_state(self) -> dict:
        """Return what a checkpoint needs."""
        return {"posts": list(self.posts), "actions": list(self.actions)}

    def set_state(self, state: dict) -> None:
        """Take the state of a checkpoint."""
        self.posts, self.actions = list(state["posts"]), list(state["actions"])


def config(size: society.Size, boards: list[Board]) -> prefab.Config:
    """Describe the simulation; its board is put into `boards` when it is made."""

    def board(acting_player_names: Sequence[str]) -> Board:
        boards.append(Board(acting_player_names, [society.FIRST_POST] * size.authors, size.seen))
        return boards[-1]

    people = [
        {"name": f"person {number}", "custom_instructions": society.PERSONA}
        for number in range(size.people)
    ]
    role, master = prefab.Role, {"name": "board", "experiment_component_class": board}
    instances = [prefab.InstanceConfig("person", role.ENTITY, params=one) for one in people]
    instances.append(prefab.InstanceConfig("master", role.GAME_MASTER, params=master))
    prefabs = {"person": minimal.Entity(), "master": marketplace.GameMaster()}
    return prefab.Config(prefabs=prefabs, instances=instances, default_max_steps=size.rounds)


def main() -> None:
    size, out, _ = society.arguments(__doc__)
    meter, boards = society.Meter(), []
    with Path(os.devnull).open("w") as nowhere:
        simulation = generic.Simulation(
            config=config(size, boards),
            model=Instant(meter),
            embedder=lambda _: np.ones(8),
            engine=Simultaneous(),
        )
        with contextlib.redirect_stdout(nowhere), meter.measured():  # it prints all that happens
            log = simulation.play(return_html_log=False)
    assert len(log) == size.rounds
    society.report(out, size, meter, recorded=len(boards[0].actions), bytes=0)


if __name__ == "__main__":
    main()
