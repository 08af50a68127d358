"""Networks drawn tie by tie, in arrays: a million members with twenty ties take seconds."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from simnet import draws
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.text import counted
from simnet.personas.persona import Persona
from simnet.scenario.networks.arrays import (
    Edges,
    People,
    TieBuilder,
    attribute_of,
    check_mean,
    check_share,
    drawn_apart,
    generator,
    moved,
    places,
)
from simnet.world.state.network import Indices


@checked
def random_followees(mean: float, people: People = None) -> TieBuilder:
    """Let each follow others drawn evenly, as many as a Poisson draw of a mean says.

    Raises ScenarioError for a mean that is no number of ties.
    """
    check_mean("random_followees", mean)

    def build(handles: Sequence[str], seed: int) -> Edges:
        chance, among = generator(seed, "random_followees", people, mean), places(handles, people)
        size = len(among)

        def anyone(rows: Indices) -> Indices:
            return chance.integers(0, size, len(rows), np.int32)

        return moved(drawn_apart(_counts(chance, mean, size), anyone), among)

    return build


@checked
def homophily(
    people: Sequence[Persona], attribute: str, strength: float, mean: float
) -> TieBuilder:
    """Let each follow others, preferring those with the same value of an attribute.

    A tie goes to someone alike with chance `strength` and else to anyone: 0 is no preference, 1
    is alike alone (McPherson, Smith-Lovin & Cook 2001 on what it does). The number of ties is a
    Poisson draw of a mean.

    Raises ScenarioError for a strength outside 0 to 1, a persona without the attribute, or an
    attribute with nearly as many values as personas.
    """
    check_share("homophily", strength=strength)
    check_mean("homophily", mean)
    values = [str(attribute_of(persona, attribute)) for persona in people]
    names, groups = np.unique(np.array(values, dtype=np.str_), return_inverse=True)
    if len(names) > max(1, len(people) // 2):
        raise ScenarioError(
            f"homophily({attribute!r}): {counted(len(people), 'persona')} have "
            f"{counted(len(names), 'value')} of it, so hardly any two are alike; "
            "give them a category, such as a range of ages"
        )
    order = np.argsort(groups, kind="stable").astype(np.int32)
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes

    def build(handles: Sequence[str], seed: int) -> Edges:
        chance = generator(seed, "homophily", people, attribute, strength, mean)
        among = places(handles, people)

        def alike_or_anyone(rows: Indices) -> Indices:
            group = groups[rows]
            alike = order[starts[group] + (chance.random(len(rows)) * sizes[group]).astype(int)]
            anyone = chance.integers(0, len(among), len(rows), np.int32)
            return np.where(chance.random(len(rows)) < strength, alike, anyone)

        return moved(drawn_apart(_counts(chance, mean, len(among)), alike_or_anyone), among)

    return build


@checked
def star_by_topic(
    people: Sequence[Persona], topic: str = "interests", chance: float = 0.2, hubs: int = 1
) -> TieBuilder:
    """Let those who share a topic follow the first `hubs` personas who have it.

    `topic` names an attribute: a text, or a list of texts for several topics. `chance` is that
    of each tie; 0.2 is what OASIS builds its Twitter networks with.

    Raises ScenarioError for a chance outside 0 to 1 or a persona without the attribute.
    """
    check_share("star_by_topic", chance=chance)
    having: dict[str, list[int]] = {}
    for place, persona in enumerate(people):
        topics = attribute_of(persona, topic)
        for one in dict.fromkeys(topics if isinstance(topics, list) else [str(topics)]):
            having.setdefault(one, []).append(place)
    stars = [
        (follower, hub)
        for members in having.values()
        for hub in members[:hubs]
        for follower in members
        if follower != hub
    ]
    ends = np.array(stars, np.int32).reshape(-1, 2)

    def build(handles: Sequence[str], seed: int) -> Edges:
        generated = generator(seed, "star_by_topic", people, topic, chance, hubs)
        drawn = generated.random(len(ends)) < chance
        return moved((ends[drawn, 0], ends[drawn, 1]), places(handles, people))

    return build


@checked
def together(*builders: TieBuilder) -> TieBuilder:
    """Put networks on top of each other; a tie that is in several counts once.

    Each draws apart from the others. A builder that is given twice draws other ties the second
    time.
    """

    def build(handles: Sequence[str], seed: int) -> Edges:
        built: list[Edges] = []
        for number, builder in enumerate(builders):
            edges = builder(handles, seed)
            if any(map(partial(_equal, edges), built)):
                edges = builder(handles, draws.bits(seed, "together", number))
            built.append(edges)
        none = np.zeros(0, np.int32)
        return (
            np.concatenate([none, *(followers for followers, _ in built)]),
            np.concatenate([none, *(followees for _, followees in built)]),
        )

    build.parts = builders  # type: ignore[attr-defined]  # files among them are checked early
    return build


def _equal(one: Edges, other: Edges) -> bool:
    return np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])


def _counts(chance: np.random.Generator, mean: float, members: int) -> Indices:
    """Draw how many each follows; nobody can follow more than all the others."""
    return np.minimum(chance.poisson(mean, members), max(members - 1, 0)).astype(np.int32)
