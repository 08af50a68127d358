"""Behaviours that follow rules and call no model: for large crowds, and as baselines.

A `Probability` says how likely an agent reacts to a post. The draw depends on the turn's seed
and the post, so a rule is as reproducible as a model::

    crowd = Cohort(
        "crowd", sample(100), behaviour=first_of(reposts(popularity(50)), likes(agreement()))
    )

Nobody reacts to a post in the same way twice. A feed that shows a post once shows it before most
have reacted; so give rules that wait for others a feed with `Feed(again=True)`, which shows a
post again after each new repost, or with `Feed(fresh=False)`.
"""

from math import prod
from typing import Literal, NamedTuple, Protocol, TypeAlias, get_args

from simnet import draws
from simnet.agents.memory_entries import overlap, words_of
from simnet.agents.profile import Agent, Ask, Behaviour, Chosen, asks_a_model, asks_no_model
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.world.actions import Action
from simnet.world.state.posts import Shown, View
from simnet.world.verbs import Like, Repost

Counted: TypeAlias = Literal["reposts", "reposters", "looks"]
COUNTED: tuple[str, ...] = get_args(Counted)
REMEMBERED = 1024
"""Posts of which an agent remembers how often it saw them, and by whom; the last ones shown."""
_SEEN, _NOTED = "rules: posts seen", "rules: turn noted"
"""Keys of `Agent.notes`."""


class _Seen(NamedTuple):
    """What an agent remembers of a post."""

    looks: int
    reposters: frozenset[str]
    fresh: int = 0
    """Reposters who are new at the last look; 1 if the post came by itself at the first."""


NEVER_SEEN = _Seen(0, frozenset())


class Probability(Protocol):
    """The probability, 0 to 1, that `me` reacts to a post."""

    def __call__(self, me: Agent, post: Shown) -> float:
        """Return the probability."""
        ...


@checked
def chance(of: float) -> Probability:
    """React to every post with the same probability. Raises ScenarioError outside 0 to 1."""
    _check(0 <= of <= 1, f"chance({of}): give a chance, 0 to 1")

    def probability(me: Agent, post: Shown) -> float:
        return of

    return probability


@checked
def popularity(half: float = 10.0, least: float = 0.0) -> Probability:
    """Follow the crowd: `least` + (1 - `least`) * n / (n + `half`) at n likes and reposts.

    Raises ScenarioError if that is no probability.
    """
    _check(half > 0 and 0 <= least <= 1, f"popularity({half}, {least}): half > 0, 0 <= least <= 1")

    def probability(me: Agent, post: Shown) -> float:
        count = post.likes + post.reposts
        return least + (1 - least) * count / (count + half)

    return probability


@checked
def threshold(count: int, of: Counted = "reposts") -> Probability:
    """React once `count` is reached (Granovetter 1978) `of` what is counted.

    * reposts: reposts and quotes that the post has, whoever they are by
    * reposters: different members whose reposts of it the agent was shown, now or before
    * looks: times that the agent was shown it, this one included

    Granovetter 1978, "Threshold models of collective behavior". Raises ScenarioError for a negative
    count or another word.
    """
    _check(count >= 0, f"threshold({count}): give 0 or more")
    _check(of in COUNTED, f"threshold(of={of!r}): give one of {', '.join(COUNTED)}")

    def probability(me: Agent, post: Shown) -> float:
        if of == "reposts":
            return float(post.reposts >= count)
        seen = _seen(me).get(post.id, NEVER_SEEN)
        return float((len(seen.reposters) if of == "reposters" else seen.looks) >= count)

    return probability


@checked
def contagion(of: float) -> Probability:
    """Give each member from whom one has a post one chance: independent cascades (Kempe 2003).

    That is its author, where it came by itself, and each member whose repost of it the agent was
    shown; those who are new at one look have a chance each. So that reposters are shown as they
    come, give the cohort a feed with `again=True`. A look counts at most the 16 newest known
    reposters among the last 64 of a post. Kempe, Kleinberg and Tardos 2003, "Maximizing the
    spread of influence through a social network". Raises ScenarioError outside 0 to 1.
    """
    _check(0 <= of <= 1, f"contagion({of}): give a chance, 0 to 1")

    def probability(me: Agent, post: Shown) -> float:
        return float(1 - (1 - of) ** _seen(me).get(post.id, NEVER_SEEN).fresh)

    return probability


@checked
def agreement(most: float = 1.0) -> Probability:
    """Favour own topics: `most` times the share of a post's words that are in the portrait."""
    _check(0 <= most <= 1, f"agreement({most}): give a chance, 0 to 1")

    def probability(me: Agent, post: Shown) -> float:
        return most * overlap(words_of(post.text), words_of(me.persona.portrait()))

    return probability


@checked
def all_of(*probabilities: Probability) -> Probability:
    """React only if all of them do: the product of the probabilities."""

    def probability(me: Agent, post: Shown) -> float:
        return prod([one(me, post) for one in probabilities])

    return probability


@checked
def likes(probability: Probability) -> Behaviour:
    """Like the first post of the feed that the draw selects; do nothing if there is none."""

    @asks_no_model
    async def liking(me: Agent, view: View, ask: Ask) -> Chosen:
        post = _first_drawn(me, view, probability, "like")
        return [] if post is None else Like(post)

    return liking


@checked
def reposts(probability: Probability) -> Behaviour:
    """Repost the first post of the feed that the draw selects; do nothing if there is none."""

    @asks_no_model
    async def reposting(me: Agent, view: View, ask: Ask) -> Chosen:
        post = _first_drawn(me, view, probability, "repost")
        return [] if post is None else Repost(post)

    return reposting


@checked
def first_of(*behaviours: Behaviour) -> Behaviour:
    """Do what the first behaviour that does anything does; the later ones are not tried."""

    async def trying(me: Agent, view: View, ask: Ask) -> Chosen:
        for behaviour in behaviours:
            chosen = await behaviour(me, view, ask)
            if isinstance(chosen, Action) or chosen:
                return chosen
        return []

    return trying if any(map(asks_a_model, behaviours)) else asks_no_model(trying)


def _first_drawn(me: Agent, view: View, probability: Probability, reaction: str) -> int | None:
    """Find the first post that is drawn and that the agent has not given this reaction."""
    _remember(me, view)
    done = view.done or ((),) * len(view.posts)
    return next(
        (
            post.id
            for post, mine in zip(view.posts, done, strict=True)
            if reaction not in mine
            and draws.unit(view.seed, reaction, post.id) < probability(me, post)
        ),
        None,
    )


def _seen(me: Agent) -> dict[int, _Seen]:
    """Return what an agent remembers of posts that it was shown, those shown last at the end."""
    seen: dict[int, _Seen] = me.notes.setdefault(_SEEN, {})
    return seen


def _remember(me: Agent, view: View) -> None:
    """Add a view to what an agent remembers, once, whichever of its rules comes first."""
    if me.notes.get(_NOTED) == view.turn:
        return
    me.notes[_NOTED] = view.turn
    seen = _seen(me)
    reposters = view.reposters or ((),) * len(view.posts)
    for post, names in zip(view.posts, reposters, strict=True):
        before = seen.pop(post.id, NEVER_SEEN)
        known = before.reposters.union(names)
        fresh = len(known) - len(before.reposters) or int(not before.looks)
        seen[post.id] = _Seen(before.looks + 1, known, fresh)
    while len(seen) > REMEMBERED:
        del seen[next(iter(seen))]


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ScenarioError(message)
