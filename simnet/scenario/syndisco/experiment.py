"""What settings of SynDisco say of discussions, and the scenario that is made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simnet import draws
from simnet.personas.persona import Persona
from simnet.scenario.discussions.discussion import (
    CONTEXT,
    INSTRUCTIONS,
    MODERATION,
    Discussion,
    discussions,
)
from simnet.scenario.discussions.speakers import NextSpeaker, RoundRobin
from simnet.scenario.scenario import Scenario


@dataclass(frozen=True)
class DiscussionSettings:
    """What the settings of SynDisco say of discussions."""

    users: Sequence[Persona]
    """Those who may take part."""
    context: str = CONTEXT
    """The setting, told to everybody."""
    instructions: str = INSTRUCTIONS
    """What users are told."""
    moderator: Persona | None = None
    """Who oversees each discussion; None is nobody."""
    moderation: str = MODERATION
    """What the moderator is told."""
    opinions: Sequence[Sequence[str | tuple[str, str]]] = ()
    """What discussions begin with; each of them with one, drawn by the seed."""
    speakers: NextSpeaker = field(default_factory=RoundRobin)
    """The rule that says who speaks next."""
    turns: int = 10
    """Turns of users in each discussion."""
    history: int = 3
    """How many comments everybody sees."""
    active: int | None = None
    """How many users take part in each discussion; None is all."""
    discussions: int = 1
    """How many discussions there are."""
    models: Mapping[str, str] = field(default_factory=dict)
    """The names of the models of users and moderator, by handle."""

    def scenario(self, *, seed: int = 0, **options: Any) -> Scenario:
        """Make the scenario; `options` are others of `simnet.discussions.discussions`.

        A run needs `models` of these names if people have different ones. If all have one, it is
        the run's default.
        """
        given = []
        for number in range(self.discussions):
            drawn = draws.below(len(self.opinions) or 1, seed, "seed opinion", number)
            given.append(
                Discussion(
                    self.users,
                    self.opinions[drawn] if self.opinions else (),
                    self.moderator,
                    self.speakers,
                    self.turns,
                    self.active,
                )
            )
        told = {
            "context": self.context,
            "instructions": self.instructions,
            "moderation": self.moderation,
            "history": self.history,
            "model": self.models if len({*self.models.values()}) > 1 else None,
        }
        return discussions(given, **{**told, **options}, seed=seed)
