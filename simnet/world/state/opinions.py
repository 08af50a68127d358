"""Opinions of members as numbers, and the published rules by which they change each other.

An opinion is a number from 0 to 1, kept in `world.kept["opinions"]` under the member's handle.
It begins as the persona's attribute `opinion`, or else as a uniform draw keyed by the scenario's
seed and the handle. The functions on arrays here are used by the verbs in
`simnet.world.verbs.attitudes`, and can be used without a run.
"""

from collections.abc import Mapping, MutableSequence

import numpy as np
import numpy.typing as npt

from simnet import draws
from simnet.errors import ActionError
from simnet.world.state.network import Indices
from simnet.world.state.recorded_state import RecordedState
from simnet.world.state.world_state import WorldState

OPINIONS = "opinions"
"""The name in `world.kept`, and in the column `name` of the table `state`."""
ATTRIBUTE = "opinion"
"""The attribute of a persona that holds its opinion at the start."""

_INITIAL = "opinions at the start"

Opinions = npt.NDArray[np.float64]


def initial_opinion(world: WorldState, member: int) -> float:
    """Return what a member thought at the start, 0 to 1; made at the first use, then kept.

    Raises ActionError if the persona's attribute `opinion` is something else.
    """
    kept = world.kept[_INITIAL]
    handle = world.handles[member]
    value: float | None = kept.get(handle)
    if value is None:
        value = kept[handle] = _drawn_or_given(world, member)
    return value


def _drawn_or_given(world: WorldState, member: int) -> float:
    given = world.facts.attributes(member).get(ATTRIBUTE)
    if given is None:
        return draws.unit(world.facts.seed, "opinion at the start", world.handles[member])
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
        raise ActionError(
            f"the attribute {ATTRIBUTE!r} of @{world.handles[member]} is {given!r}; give a number "
            "from 0 to 1"
        )
    return float(given)


def opinion(world: WorldState, member: int) -> float:
    """Return what a member thinks now."""
    held = _held(world).get(world.handles[member])
    return initial_opinion(world, member) if held is None else float(held)


def _held(world: WorldState) -> Mapping[str, float]:
    """Return the opinions that were set; reading them so does not count as touching them."""
    kept = world.kept[OPINIONS]
    return kept.untouched() if isinstance(kept, RecordedState) else kept


def bounded_confidence(
    opinions: MutableSequence[float], first: Indices, second: Indices, epsilon: float, mu: float
) -> None:
    """Let pairs meet in order: both move by `mu` of their distance if it is below `epsilon`.

    `first` and `second` have one position in `opinions` for each meeting: arrays of shape
    (meetings,). Changes `opinions`, numbers from 0 to 1, in place. The model is that of Deffuant,
    Neau, Amblard and Weisbuch 2000, "Mixing beliefs among interacting agents".
    """
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        distance = opinions[other] - opinions[one]
        if -epsilon < distance < epsilon:
            move = mu * distance
            opinions[one] += move
            opinions[other] -= move


def averaged(
    opinions: Opinions, followers: Indices, followees: Indices, self_weight: float
) -> Opinions:
    """Average everyone's opinion with the mean of those whom they follow.

    `opinions` and what is returned have the shape (people,). `followers` and `followees`, of shape
    (ties,), are ties as positions in `opinions`. Who follows nobody keeps the opinion. One
    step of DeGroot 1974, "Reaching a consensus", with equal weights.
    """
    size = len(opinions)
    count = np.bincount(followers, minlength=size)
    total = np.bincount(followers, weights=opinions[followees], minlength=size)
    mean = np.divide(total, count, out=opinions.copy(), where=count > 0)
    return self_weight * opinions + (1 - self_weight) * mean


def anchored(averages: Opinions, initial: Opinions, susceptibility: float) -> Opinions:
    """Mix averages with the opinions of the start.

    One step of Friedkin and Johnsen 1990, "Social influence and opinions": `susceptibility` is
    the weight of the others, the rest that of one's own opinion at the start. All arrays have the
    shape (people,).
    """
    return susceptibility * averages + (1 - susceptibility) * initial


class Public:
    """Everybody outside the cohort of one member, with their opinions and the ties among them."""

    def __init__(self, world: WorldState, outsider: int) -> None:
        """Read the opinions. Raises ActionError if fewer than two members are left."""
        outside = world.cohorts[outsider]
        members = [member for member, name in enumerate(world.cohorts) if name != outside]
        if len(members) < 2:
            raise ActionError("there are no two members outside your cohort who could meet")
        self._world = world
        self._members = members
        held = _held(world)
        self.initial = np.array([initial_opinion(world, member) for member in members])
        self.opinions = np.array(
            [
                held.get(world.handles[member], start)
                for member, start in zip(members, self.initial.tolist(), strict=True)
            ]
        )

    def ties(self) -> tuple[Indices, Indices]:
        """Return the ties among them: positions of followers, positions of followees."""
        place = np.full(len(self._world.handles), -1, np.int32)
        place[self._members] = np.arange(len(self._members), dtype=np.int32)
        followers, followees = self._world.network.edge_arrays()
        followers, followees = place[followers], place[followees]
        among = (followers >= 0) & (followees >= 0)
        return followers[among], followees[among]

    def pairs(self, count: int, *key: draws.Key) -> tuple[Indices, Indices]:
        """Draw `count` meetings: ties, or pairs of any two members if there are no ties."""
        raw = np.random.Philox(key=draws.bits(*key)).random_raw((2, count))
        chance = (raw >> np.uint64(11)) * 2.0**-53
        followers, followees = self.ties()
        if len(followers):
            drawn = (chance[0] * len(followers)).astype(np.int64)
            return followers[drawn], followees[drawn]
        size = len(self._members)
        first = (chance[0] * size).astype(np.int32)
        apart = 1 + (chance[1] * (size - 1)).astype(np.int32)
        return first, (first + apart) % np.int32(size)

    def hold(self, opinions: Opinions) -> None:
        """Set their opinions."""
        kept = self._world.kept[OPINIONS]
        handles = [self._world.handles[member] for member in self._members]
        held = _held(self._world)
        for handle, value in zip(handles, opinions.tolist(), strict=True):
            if held.get(handle) != value:
                kept[handle] = value
