"""Puts personas into households, or other small groups."""

import random
from collections.abc import Mapping, Sequence

from simnet.errors import PersonaError
from simnet.foundation.arguments import checked
from simnet.personas.persona import Persona


@checked
def with_groups(
    people: Sequence[Persona],
    sizes: Mapping[int, float],
    *,
    attribute: str = "household",
    seed: int = 0,
) -> list[Persona]:
    """Give each persona an attribute that names their group, drawn from `seed`.

    `sizes` has a weight for each size of a group: `{1: 37, 2: 33, 3: 14, 4: 16}` is the share of
    households of one to four. Who lives together is drawn evenly; the last group is smaller where
    too few are left. The attribute is a label such as `household-12`, kept for analysis and for
    `networks.within`, and told to no model. People keep their order.

    Raises PersonaError for sizes that are none, or for somebody who has the attribute.
    """
    for size, weight in sizes.items():
        if size < 1 or not weight >= 0:
            raise PersonaError(f"sizes: {size} has the weight {weight}; give sizes from 1 up")
    if not sum(sizes.values()) > 0:
        raise PersonaError("sizes: no size has a weight; write {1: 0.4, 2: 0.6}")
    had = next((one.id for one in people if attribute in one.attributes), None)
    if had is not None:
        raise PersonaError(f"@{had} has an attribute {attribute!r} already; give another name")
    chance = random.Random(f"with_groups {attribute} {seed}")  # noqa: S311 (no secrets)
    order = list(range(len(people)))
    chance.shuffle(order)
    labels: dict[int, str] = {}
    number = 0
    while order:
        number += 1
        size = chance.choices(list(sizes), list(sizes.values()))[0]
        group, order = order[:size], order[size:]
        labels |= dict.fromkeys(group, f"{attribute}-{number}")
    return [
        one.model_copy(
            update={
                "attributes": one.attributes | {attribute: labels[place]},
                "untold": (*one.untold, attribute),
            }
        )
        for place, one in enumerate(people)
    ]
