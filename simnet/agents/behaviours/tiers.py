"""Behaviours that save model calls: rules until it matters, or one call for many agents."""

from collections.abc import Callable
from typing import TypeAlias

from simnet import draws
from simnet.agents import reply_flags
from simnet.agents.ask import TurnAsk
from simnet.agents.behaviours.standard import converse
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.memory_entries import ADDRESSED_TO_VIEWER
from simnet.agents.profile import (
    Agent,
    AgentProfile,
    Ask,
    Behaviour,
    Chosen,
    asks_a_model,
    asks_no_model,
)
from simnet.clock import HOUR, Seconds
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.world.state.posts import View, with_counts

ViewTest: TypeAlias = Callable[[View], bool]
"""Returns whether something in a view concerns the viewer in person."""


def touched(view: View) -> bool:
    """Whether someone replied to the viewer, quoted or named them, or wrote to them."""
    return bool(view.messages) or not ADDRESSED_TO_VIEWER.isdisjoint(view.why)


@checked
def tiered(
    rule: Behaviour,
    model: Behaviour = converse,
    *,
    promoted_by: ViewTest = touched,
    lasts: Seconds = 6 * HOUR,
) -> Behaviour:
    """Act by `rule`; act by `model` for `lasts` simulated seconds after `promoted_by` is true.

    Turns decided by `model` have the mark `promoted`. Raises ScenarioError if `lasts` is
    negative.
    """
    if not lasts >= 0:
        raise ScenarioError(f"tiered(lasts={lasts}): give 0 or more seconds")

    async def acting(me: Agent, view: View, ask: Ask) -> Chosen:
        if promoted_by(view):
            me.notes[acting] = view.now + lasts
        if view.now > me.notes.get(acting, -1.0):
            return await rule(me, view, ask)
        me.mark(reply_flags.PROMOTED)
        return await model(me, view, ask)

    return acting if asks_a_model(rule) or asks_a_model(model) else asks_no_model(acting)


@checked
def archetypes(
    k: int,
    otherwise: Behaviour = converse,
    *,
    every: Seconds = HOUR,
    sees: int | None = None,
    personal: ViewTest = touched,
) -> Behaviour:
    """Let one reply serve many agents: a cohort's members act as one of `k` of them would.

    Each member is assigned to an archetype at random, and an archetype has the portrait of a
    random member. Members of one archetype whose feeds hold the same posts (the first `sees`)
    within the same `every` simulated seconds send the same prompt with the same seed. So they
    do the same, and each host calls the model once. To make prompts equal, counts are rounded
    down to powers of two, ages are those at the end of the interval, and who reposted a post
    is left out.

    `otherwise` decides for the archetype. If a view is `personal` or holds search results, it
    decides for the member itself, with the member's own portrait and memory. Turns decided as
    an archetype have the mark `archetype`. Every member's call is a row of the record; the
    calls that did not reach the model are counted in `Usage.shared`.

    Raises ScenarioError for a number or an interval that is not positive.
    """
    if k < 1 or not every > 0 or (sees is not None and sees < 1):
        raise ScenarioError(f"archetypes({k}, every={every}, sees={sees}): give positive numbers")

    async def acting_as_archetype(me: Agent, view: View, ask: Ask) -> Chosen:
        if personal(view) or view.news or view.suggested:
            return await otherwise(me, view, ask)
        profile = me.profile
        number = draws.below(k, profile.seed, "archetype", me.persona.id)
        representative = _representative(profile, number)
        common = _common(profile, number, representative, view, every, sees)
        me.mark(reply_flags.ARCHETYPE)
        assert isinstance(me, HostedAgent)
        representative.fitting = me.fitting
        try:
            return await otherwise(representative, common, TurnAsk(representative, common))
        finally:
            me.note_reply_of(representative)

    return acting_as_archetype


def _representative(profile: AgentProfile, number: int) -> HostedAgent:
    """Create the agent that decides for an archetype, without memory, as members' differ."""
    size = len(profile.personas)
    place = draws.below(size, profile.seed, profile.cohort, "archetype", number)
    return HostedAgent(profile.personas[place], profile)


def _common(
    profile: AgentProfile,
    number: int,
    representative: HostedAgent,
    view: View,
    every: Seconds,
    sees: int | None,
) -> View:
    """Reduce a view to what is equal for all members of the archetype in this interval."""
    interval = int(view.now // every)
    posts = tuple([with_counts(post, "rounded") for post in view.posts[:sees]])
    return View(
        who=representative.persona.id,
        turn=interval,
        now=(interval + 1) * every,
        seed=draws.bits(profile.seed, profile.cohort, "archetype", number, interval),
        posts=posts,
        why=("",) * len(posts),
        groups=view.groups,
        communities=view.communities,
        done=view.done[:sees],
    )
