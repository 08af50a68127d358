"""Behaviours that change opinions, by published rules or by asking the model.

A rule is a value. As the behaviour of people it changes one opinion, or a pair, in each of their
turns. With `meetings` or `everyone` it is the behaviour of a single persona outside the public,
which changes the opinions of all in one turn: a thousand times as fast.
"""

from dataclasses import dataclass
from typing import ClassVar

from simnet.agents.behaviours.standard import converse
from simnet.agents.formats.reply_grammar import excerpt
from simnet.agents.profile import Agent, Ask, Behaviour, Chosen
from simnet.agents.prompting import prompts
from simnet.errors import ModelError, ScenarioError
from simnet.foundation.arguments import checked
from simnet.world.actions import Action
from simnet.world.state.posts import View
from simnet.world.verbs.attitudes import (
    MOST_MEETINGS,
    Adapt,
    AdaptAll,
    HoldOpinion,
    Meet,
    MeetMany,
)


def _check_share(rule: str, **shares: float) -> None:
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ScenarioError(f"{rule}({name}={share}): give a number from 0 to 1")


@checked
@dataclass(frozen=True)
class Deffuant:
    """Bounded confidence: two who meet move closer if their opinions differ by less than epsilon.

    Each moves by `mu` of the distance. With `meetings`, one turn lets that many pairs of all
    members outside the cohort meet, else the member meets one whom it follows. Deffuant, Neau,
    Amblard and Weisbuch 2000, "Mixing beliefs among interacting agents". Raises ScenarioError
    for parameters outside 0 to 1 or a number of meetings that is negative or over a million.
    """

    asks_model: ClassVar[bool] = False
    verbs: ClassVar[tuple[type[Action], ...]] = (Meet, MeetMany)
    epsilon: float = 0.2
    """Opinions that differ by less move closer, 0 to 1."""
    mu: float = 0.5
    meetings: int = 0

    def __post_init__(self) -> None:
        _check_share("Deffuant", epsilon=self.epsilon, mu=self.mu)
        if not 0 <= self.meetings <= MOST_MEETINGS:
            raise ScenarioError(f"Deffuant(meetings={self.meetings}): give 0 to {MOST_MEETINGS}")

    async def __call__(self, me: Agent, view: View, ask: Ask) -> Chosen:
        """Meet one, or let many meet."""
        if self.meetings:
            return MeetMany(self.epsilon, self.mu, self.meetings)
        return Meet(self.epsilon, self.mu)


@checked
@dataclass(frozen=True)
class FriedkinJohnsen:
    """Average with those one follows, and hold on to the opinion of the start.

    `susceptibility` is the weight of the average, the rest that of the opinion at the start;
    `self_weight` is one's own weight in the average, the followees share the rest equally. With
    `everyone`, one turn moves all members outside the cohort at once. Friedkin and Johnsen 1990,
    "Social influence and opinions". Raises ScenarioError for parameters outside 0 to 1.
    """

    asks_model: ClassVar[bool] = False
    verbs: ClassVar[tuple[type[Action], ...]] = (Adapt, AdaptAll)
    susceptibility: float = 0.8
    self_weight: float = 0.0
    everyone: bool = False

    def __post_init__(self) -> None:
        _check_share(
            type(self).__name__, susceptibility=self.susceptibility, self_weight=self.self_weight
        )

    async def __call__(self, me: Agent, view: View, ask: Ask) -> Chosen:
        """Move one opinion, or all."""
        verb = AdaptAll if self.everyone else Adapt
        return verb(self.susceptibility, self.self_weight)


@checked
def degroot(self_weight: float = 0.5, *, everyone: bool = False) -> FriedkinJohnsen:
    """Average with those one follows, with nothing held on to.

    DeGroot 1974, "Reaching a consensus": Friedkin and Johnsen's rule at a susceptibility of 1.
    Raises ScenarioError for a weight outside 0 to 1.
    """
    return FriedkinJohnsen(1.0, self_weight, everyone)


@checked
def states_opinion(statement: str, then: Behaviour = converse) -> Behaviour:
    """Ask the model how far the persona agrees with `statement`, then act as `then`.

    The reply, 0 to 10, becomes the opinion, 0 to 1; it is given before the turn's other actions,
    which the cohort's `acts` does not count it among. A reply without a number from 0 to 10 makes
    the turn `failed`. The cohort's verbs have to include `HoldOpinion`, so a persona may state
    another opinion among those actions; the last one counts.
    """

    async def stating(me: Agent, view: View, ask: Ask) -> Chosen:
        lines = [f"- {me.profile.quoting.quote(post.text)}" for post in view.posts]
        seen = "\n".join(["What you read just now:", *lines]) if lines else ""
        question = (
            f"How far do you agree that {statement.rstrip('.')}? Answer with one whole number from "
            "0 (not at all) to 10 (fully)."
        )
        system = prompts.task_instructions(me.profile, me.persona)
        reply = await ask(system, "\n\n".join(filter(None, [seen, question])), pattern="(10|[0-9])")
        value = _number(reply)
        if value is None:
            raise ModelError(f"the reply is no number from 0 to 10: {excerpt(reply)}")
        chosen = await then(me, view, ask)
        others = [chosen] if isinstance(chosen, Action) else list(chosen)
        return [HoldOpinion(value / 10), *others]

    return stating


def _number(reply: str) -> int | None:
    """Read a reply of one number, with anything around it that has no digits."""
    digits = "".join(one if one.isascii() and one.isdigit() else " " for one in reply).split()
    if len(digits) != 1 or len(digits[0]) > 2 or int(digits[0]) > 10:
        return None
    return int(digits[0])
