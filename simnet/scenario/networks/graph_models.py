"""The classic models of random networks.

rustworkx draws Barabási and Albert's. Its Erdős-Rényi graphs go wrong for very small chances
and its block models cost as much as there are pairs, so those are drawn here.
"""

from collections.abc import Sequence

import numpy as np

from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.scenario.networks.arrays import (
    Edges,
    People,
    TieBuilder,
    both_ways,
    builder_bits,
    check_share,
    generator,
    moved,
    places,
    successes,
)


@checked
def erdos_renyi(chance: float, people: People = None) -> TieBuilder:
    """Let everybody follow everybody else with the same chance (Gilbert 1959).

    Costs as much as there are ties, not pairs of members.

    Raises ScenarioError for a chance outside 0 to 1.
    """
    check_share("erdos_renyi", chance=chance)

    def build(handles: Sequence[str], seed: int) -> Edges:
        among = places(handles, people)
        size = len(among)
        pairs = successes(generator(seed, "erdos_renyi", people, chance), size * (size - 1), chance)
        followers, step = pairs // max(size - 1, 1), pairs % max(size - 1, 1)
        return moved((followers, (followers + step + 1) % max(size, 1)), among)

    return build


@checked
def barabasi_albert(ties: int, people: People = None, *, shuffled: bool = True) -> TieBuilder:
    """Let each newcomer befriend `ties` others in proportion to their friends.

    Barabási & Albert 1999; ties go both ways. The first to arrive become the hubs. Members arrive
    in a random order, or with `shuffled=False` in their own: then the first cohort has the hubs.

    Raises ScenarioError for less than one tie, or as many ties as members.
    """
    if ties < 1:
        raise ScenarioError(f"barabasi_albert(ties={ties}): a newcomer needs 1 tie at least")

    def build(handles: Sequence[str], seed: int) -> Edges:
        import rustworkx  # noqa: PLC0415  (slow to import)

        among = places(handles, people)
        _check_room("barabasi_albert", "ties", ties, len(among))
        bits = builder_bits(seed, "barabasi_albert", people, ties)
        drawn = rustworkx.barabasi_albert_graph(len(among), ties, seed=bits >> 1)
        if shuffled:
            among = generator(seed, "barabasi_albert order", people, ties).permutation(among)
        return moved(both_ways(_ends(drawn.edge_list())), among)

    return build


@checked
def watts_strogatz(nearest: int, rewired: float, people: People = None) -> TieBuilder:
    """Tie each to the `nearest` beside them on a ring, then move a share of ties anywhere.

    Watts & Strogatz 1998; ties go both ways. rustworkx has no such generator: this one moves
    the far end of each tie with chance `rewired`, and a tie that repeats another is lost.

    Raises ScenarioError unless `nearest` is even and positive, and smaller than the ring.
    """
    check_share("watts_strogatz", rewired=rewired)
    if nearest < 2 or nearest % 2:
        raise ScenarioError(
            f"watts_strogatz(nearest={nearest}): give an even number, half to each side"
        )

    def build(handles: Sequence[str], seed: int) -> Edges:
        chance, among = (
            generator(seed, "watts_strogatz", people, nearest, rewired),
            places(handles, people),
        )
        size = len(among)
        _check_room("watts_strogatz", "nearest", nearest, size)
        near = np.repeat(np.arange(size), nearest // 2)
        far = (near + np.tile(np.arange(1, nearest // 2 + 1), size)) % size
        moves = chance.random(len(near)) < rewired
        elsewhere = (near + chance.integers(1, size, len(near))) % size
        return moved(both_ways(np.stack([near, np.where(moves, elsewhere, far)], 1)), among)

    return build


def _ends(edges: object) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.asarray(edges).astype(np.int64).reshape(-1, 2)


def _check_room(where: str, name: str, ties: int, size: int) -> None:
    if ties >= size:
        raise ScenarioError(
            f"{where}({name}={ties}): there are {size} members; give a smaller number"
        )
