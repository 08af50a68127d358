"""Degrees of fidelity: who asks a model, when, and who is answered along with others."""

from collections.abc import Callable
from typing import TypeAlias

from simnet import draws
from simnet.agents import reply_flags
from simnet.agents.ask import TurnAsk
from simnet.agents.behaviours.standard import converse
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.memory import TO_YOU
from simnet.agents.profile import Agent, AgentProfile, Ask, Behaviour, Chosen
from simnet.clock import HOUR, Seconds
from simnet.errors import ScenarioError
from simnet.world.posts import PostSeen, View

Touch: TypeAlias = Callable[[View], bool]
"""Say whether something in a view concerns the viewer in person."""


def touched(view: View) -> bool:
    """Whether someone replied to the viewer, quoted them or wrote to them."""
    return bool(view.messages) or not TO_YOU.isdisjoint(view.why)


def tiered(
    rule: Behaviour,
    model: Behaviour = converse,
    *,
    promoted_by: Touch = touched,
    lasts: Seconds = 6 * HOUR,
) -> Behaviour:
    """Act by `rule` until something touches the agent; then by `model` for a while.

    `lasts` is simulated time since the last touch. What an agent does while it is promoted
    is marked `promoted`. Raises ScenarioError if `lasts` is negative.
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

    return acting


def archetypes(
    k: int,
    otherwise: Behaviour = converse,
    *,
    every: Seconds = HOUR,
    sees: int | None = None,
    personal: Touch = touched,
) -> Behaviour:
    """Let one reply answer for many: a cohort's members act as one of `k` of them would.

    Each member belongs to an archetype by chance, and an archetype has the portrait of a member
    that is drawn from the cohort. Members of one archetype whose feeds hold the same posts
    (the first `sees` of them) within the same `every` seconds of simulated time are told the
    same words with the same seed: so they do the same, wherever they live, and each host asks
    the model once. To look alike, counts are rounded down to powers of two, ages are those at
    the end of the interval, and who passed a post on is left out.

    `otherwise` decides for the archetype. It decides for the member alone, in the member's own
    words, about a view that is `personal` or holds what the member had searched for. What is
    done as an archetype is marked `archetype`. Every member's call is a row of the record; what
    was not asked again is counted in `Usage.shared`. Two hosts ask each for itself.

    Raises ScenarioError for a number or an interval that is not positive.
    """
    if k < 1 or not every > 0 or (sees is not None and sees < 1):
        raise ScenarioError(f"archetypes({k}, every={every}, sees={sees}): give positive numbers")

    async def broadcasting(me: Agent, view: View, ask: Ask) -> Chosen:
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
            me.finish = representative.finish
            for mark in representative.marked:
                me.mark(mark)

    return broadcasting


def _representative(profile: AgentProfile, number: int) -> HostedAgent:
    """Make an agent that decides for an archetype: it remembers nothing, as members differ."""
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
    """Reduce a view to what is the same for all members who are in this situation."""
    interval = int(view.now // every)
    posts = tuple([_coarse(post) for post in view.posts[:sees]])
    return View(
        who=representative.persona.id,
        turn=interval,
        now=(interval + 1) * every,
        seed=draws.bits(profile.seed, profile.cohort, "archetype", number, interval),
        posts=posts,
        why=("",) * len(posts),
        groups=view.groups,
    )


def _coarse(post: PostSeen) -> PostSeen:
    return post._replace(
        likes=_rounded(post.likes),
        dislikes=_rounded(post.dislikes),
        replies=_rounded(post.replies),
        reposts=_rounded(post.reposts),
    )


def _rounded(count: int) -> int:
    return 1 << (count.bit_length() - 1) if count else 0
