"""Networks that fall into communities."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.personas.persona import Persona
from simnet.scenario.networks.arrays import (
    Edges,
    People,
    TieBuilder,
    both_ways,
    check_mean,
    check_share,
    generator,
    holds,
    members_hash,
    moved,
    places,
    successes,
)
from simnet.world.state.network import Keys

MEMBERS_PER_DEGREE = 10
"""The largest degree of an LFR network, as a multiple of the mean."""
TRIES = 8
"""Communities tried by chance for one member before the first one with room is taken."""
REPAIRS = 20
"""How often ends that cannot be joined are shuffled and tried again."""


@checked
def stochastic_block(
    groups: Sequence[Sequence[Persona]], within: float, between: float
) -> TieBuilder:
    """Let members follow those of their own group with one chance, others with another.

    Holland, Laskey & Leinhardt 1983. Costs as much as there are ties, not pairs of members.

    Raises ScenarioError for chances outside 0 to 1.
    """
    check_share("stochastic_block", within=within, between=between)

    def build(handles: Sequence[str], seed: int) -> Edges:
        whom = [members_hash(group) for group in groups]
        chance = generator(seed, "stochastic_block", None, whom, within, between)
        members = [places(handles, group) for group in groups]
        rows, columns = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        for one, mine in enumerate(members):
            for other, theirs in enumerate(members):
                share = within if one == other else between
                pairs = successes(chance, len(mine) * len(theirs), share)
                rows.append(mine[pairs // max(len(theirs), 1)])
                columns.append(theirs[pairs % max(len(theirs), 1)])
        followers, followees = np.concatenate(rows), np.concatenate(columns)
        others = followers != followees
        return followers[others], followees[others]

    return build


@checked
def lfr(
    mean: float,
    mixing: float,
    degree_exponent: float = 2.5,
    community_exponent: float = 1.5,
    smallest: int = 10,
    people: People = None,
) -> TieBuilder:
    """Make communities of power-law sizes among members of power-law degrees.

    A share `mixing` of each member's ties leaves the community. After the benchmark of
    Lancichinetti, Fortunato & Radicchi 2008, which rustworkx does not have: degrees and sizes
    are drawn, members placed where their inner ties fit, and the ends of ties shuffled within
    communities and across. Ends that would repeat a tie are shuffled again, and dropped where
    that does not help, so degrees are a little lower than drawn. Ties go both ways.

    Raises ScenarioError for values that make no network.
    """
    check_share("lfr", mixing=mixing)
    check_mean("lfr", mean)
    if not (degree_exponent > 1 and community_exponent > 1 and mean >= 1 and smallest > 1):
        raise ScenarioError(
            f"lfr(mean={mean}, degree_exponent={degree_exponent}, community_exponent="
            f"{community_exponent}, smallest={smallest}): give exponents over 1, a mean of 1 or "
            "more and communities of 2 or more"
        )

    def build(handles: Sequence[str], seed: int) -> Edges:
        chance = generator(seed, "lfr", people, mean, mixing, degree_exponent, community_exponent)
        among = places(handles, people)
        if len(among) < smallest:
            raise ScenarioError(
                f"lfr(smallest={smallest}): there are {len(among)} members; give a smaller one"
            )
        degrees = _degrees(chance, len(among), mean, degree_exponent)
        sizes = _sizes(chance, len(among), smallest, community_exponent)
        inner = np.round(degrees * (1 - mixing)).astype(np.int64)
        community = _placed(chance, inner, sizes)
        inner = np.minimum(inner, sizes[community] - 1)
        within = _joined(chance, inner, community, inside=True)
        across = _joined(chance, degrees - inner, community, inside=False)
        return moved(both_ways(np.concatenate([within, across])), among)

    return build


def _power_law(
    chance: np.random.Generator, count: int, least: float, most: float, exponent: float
) -> npt.NDArray[np.float64]:
    """Draw from a power law between two bounds, by its inverse."""
    power = 1 - exponent
    low, high = least**power, most**power
    drawn: npt.NDArray[np.float64] = (low + chance.random(count) * (high - low)) ** (1 / power)
    return drawn


def _degrees(chance: np.random.Generator, count: int, mean: float, exponent: float) -> Keys:
    """Draw degrees; their least is chosen so that the mean comes out."""
    most = max(1.0, min(count - 1.0, MEMBERS_PER_DEGREE * mean))
    shape = chance.random(count)
    power = 1 - exponent

    def drawn(least: float) -> Keys:
        low, high = least**power, most**power
        rounded: Keys = np.round((low + shape * (high - low)) ** (1 / power)).astype(np.int64)
        return rounded

    low, high = 0.5, most
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if drawn(middle).mean() < mean else (low, middle)
    return np.maximum(drawn(high), 1)


def _sizes(chance: np.random.Generator, count: int, smallest: int, exponent: float) -> Keys:
    """Draw sizes of communities that add up to the number of members."""
    most = max(smallest, count // 4)
    drawn = _power_law(chance, count // smallest + 1, smallest, most + 1, exponent)
    sizes = np.floor(drawn).astype(np.int64)
    needed = int(np.searchsorted(np.cumsum(sizes), count)) + 1
    sizes = sizes[:needed]
    sizes[-1] -= sizes.sum() - count
    if sizes[-1] < smallest and len(sizes) > 1:
        sizes[-2] += sizes[-1]
        sizes = sizes[:-1]
    return sizes


def _placed(chance: np.random.Generator, inner: Keys, sizes: Keys) -> Keys:
    """Place members, those with most inner ties first, by chance where those fit.

    Seats are in the order of the sizes, so the communities that fit are the first ones.
    """
    order = np.argsort(-sizes, kind="stable")
    seats = np.cumsum(sizes[order])
    falling = -sizes[order]
    room = sizes[order].tolist()
    community = np.zeros(len(inner), np.int64)
    for member in np.argsort(-inner, kind="stable").tolist():
        fitting = max(int(np.searchsorted(falling, -int(inner[member]), side="left")), 1)
        tried = np.searchsorted(seats, chance.random(TRIES) * seats[fitting - 1], side="right")
        chosen = next((one for one in tried.tolist() if room[one]), None)
        if chosen is None:
            chosen = next((one for one in range(fitting) if room[one]), None)
        if chosen is None:
            chosen = next(one for one in range(fitting, len(room)) if room[one])
        room[chosen] -= 1
        community[member] = order[chosen]
    return community


def _joined(chance: np.random.Generator, degrees: Keys, community: Keys, *, inside: bool) -> Keys:
    """Join the ends of ties at random, inside communities or across; shape (ties, 2)."""
    ends = np.repeat(np.arange(len(degrees)), degrees)
    members = len(degrees)
    made = np.zeros(0, np.int64)
    for _ in range(REPAIRS):
        ends = ends[chance.permutation(len(ends))]
        if inside:
            ends = ends[np.argsort(community[ends], kind="stable")]
        pairs = np.sort(ends[: len(ends) // 2 * 2].reshape(-1, 2), axis=1)
        fits = (community[pairs[:, 0]] == community[pairs[:, 1]]) == inside
        fits &= pairs[:, 0] != pairs[:, 1]
        keys = pairs[:, 0] * members + pairs[:, 1]
        fits &= _first_of_each(keys) & ~holds(made, keys)
        made = np.sort(np.concatenate([made, keys[fits]]))
        ends = pairs[~fits].ravel()
        if len(ends) < 2:
            break
    return np.stack([made // members, made % members], axis=1)


def _first_of_each(keys: Keys) -> npt.NDArray[np.bool_]:
    """Mark each number where it comes first."""
    order = np.argsort(keys, kind="stable")
    first = np.ones(len(keys), np.bool_)
    first[order[1:]] = keys[order[1:]] != keys[order[:-1]]
    return first
