"""Published scales that are in the public domain."""

from collections.abc import Mapping
from statistics import fmean
from types import MappingProxyType
from typing import Any, NamedTuple

from simnet.questions import Likert
from simnet.questions.questionnaire import Survey

ACCURACY = (
    "very inaccurate",
    "moderately inaccurate",
    "neither accurate nor inaccurate",
    "moderately accurate",
    "very accurate",
)


class _Item(NamedTuple):
    trait: str
    key: str
    """`-` for a reversed item."""
    text: str


_ITEMS = (
    _Item("extraversion", "+", "Am the life of the party."),
    _Item("agreeableness", "+", "Sympathize with others' feelings."),
    _Item("conscientiousness", "+", "Get chores done right away."),
    _Item("neuroticism", "+", "Have frequent mood swings."),
    _Item("imagination", "+", "Have a vivid imagination."),
    _Item("extraversion", "-", "Don't talk a lot."),
    _Item("agreeableness", "-", "Am not interested in other people's problems."),
    _Item("conscientiousness", "-", "Often forget to put things back in their proper place."),
    _Item("neuroticism", "-", "Am relaxed most of the time."),
    _Item("imagination", "-", "Am not interested in abstract ideas."),
    _Item("extraversion", "+", "Talk to a lot of different people at parties."),
    _Item("agreeableness", "+", "Feel others' emotions."),
    _Item("conscientiousness", "+", "Like order."),
    _Item("neuroticism", "+", "Get upset easily."),
    _Item("imagination", "-", "Have difficulty understanding abstract ideas."),
    _Item("extraversion", "-", "Keep in the background."),
    _Item("agreeableness", "-", "Am not really interested in others."),
    _Item("conscientiousness", "-", "Make a mess of things."),
    _Item("neuroticism", "-", "Seldom feel blue."),
    _Item("imagination", "-", "Do not have a good imagination."),
)

MINI_IPIP = Survey(
    "mini_ipip",
    [
        Likert(
            f"item{number:02}",
            f"How accurately does this describe you as you are: {item.text}",
            ACCURACY,
        )
        for number, item in enumerate(_ITEMS, 1)
    ],
)
"""The Mini-IPIP: 20 items for the Big Five, from the International Personality Item Pool.

Donnellan, Oswald, Baird and Lucas 2006, "The Mini-IPIP scales". The items are in the public domain.
"""


def big_five(answers: Mapping[str, Any]) -> Mapping[str, float | None]:
    """Score one persona's answers to `MINI_IPIP`, by name: the mean of each trait, 1 to 5.

    Reversed items count as 6 less the answer. A trait with no answer is None.
    """
    points: dict[str, list[float]] = {item.trait: [] for item in _ITEMS}
    for number, item in enumerate(_ITEMS, 1):
        answer = answers.get(f"item{number:02}")
        if answer is not None:
            points[item.trait].append(6 - answer if item.key == "-" else answer)
    means = {trait: fmean(values) if values else None for trait, values in points.items()}
    return MappingProxyType(means)
