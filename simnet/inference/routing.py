"""Which of a model's replicas a prompt goes to: the one whose cache knows how it begins.

Each persona gives each replica a weight, a hash of both their names, and prefers the heavier
ones (rendezvous hashing by highest random weight, Thaler & Ravishankar 1998). So personas are
spread evenly, each keeps its replica, and a replica that is added takes over its own share and
moves nobody else. Where the preferred one is loaded, a prompt goes to the next in that order,
as in consistent hashing with bounded loads (Mirrokni, Thorup & Zadimoghaddam 2018), the bound
being relative to the least loaded.

Personas with an adapter are hashed over few replicas, the adapter's homes: an engine that has
to swap or mix adapters in a batch is slower than one that keeps to one of them. An adapter has
as many homes as its share of the model's personas comes to, at least one, so all replicas have
as much to do; its prompts leave home only where all homes are loaded.

No reply depends on any of this: a reply is a function of the prompt, not of who gives it.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from simnet import draws

SPARE = 8
"""Prompts a replica may have in flight from here before it counts as loaded."""
MORE = 1.25
"""How many times as many as the least loaded one it may have beyond that."""
_NO_ADAPTERS: Mapping[str | None, int] = MappingProxyType({})


class Routes:
    """Chooses replicas, numbered from 0, for those who ask from one process."""

    def __init__(self, replicas: int, personas: Mapping[str | None, int] = _NO_ADAPTERS) -> None:
        """Take how many replicas there are, and how many personas have each adapter.

        Those with none are under None.
        """
        self._replicas = range(replicas)
        self._homes = _homes(personas, replicas)
        self._orders: dict[str | None, dict[str, tuple[int, ...]]] = {}

    def order(self, asker: str, adapter: str | None = None) -> tuple[int, ...]:
        """List all replicas, those first that this asker prefers; is computed once for each."""
        known = self._orders.setdefault(adapter, {})
        order = known.get(asker)
        if order is None:
            order = known[asker] = self._preferred(asker, adapter)
        return order

    def pick(
        self,
        asker: str,
        adapter: str | None,
        loads: Sequence[int],
        away: Collection[int] = (),
    ) -> int:
        """Choose a replica that is not away, of which there must be one.

        `loads` says how many prompts each has in flight from here.
        """
        order = self.order(asker, adapter)
        there = [replica for replica in order if replica not in away] if away else order
        bound = SPARE + MORE * min(loads[replica] for replica in there)
        return next(replica for replica in there if loads[replica] < bound)

    def _preferred(self, asker: str, adapter: str | None) -> tuple[int, ...]:
        own = _by_weight(asker, self._replicas)
        if adapter is None or adapter not in self._homes:
            return tuple(own)
        homes = self._homes[adapter]
        # Away from home, prompts gather at the replica that the adapter prefers next.
        rest = [replica for replica in _by_weight(adapter, self._replicas) if replica not in homes]
        return (*(replica for replica in own if replica in homes), *rest)


def _by_weight(name: str, replicas: Sequence[int]) -> list[int]:
    def weight(replica: int) -> int:
        return draws.bits("replica", name, replica)

    return sorted(replicas, key=weight, reverse=True)


def _homes(personas: Mapping[str | None, int], replicas: int) -> dict[str, frozenset[int]]:
    """Give each adapter its homes: those of the least loaded replicas that it prefers."""
    everyone = sum(personas.values())
    taken = [0.0] * replicas
    homes = {}
    adapters = [name for name in personas if name is not None]
    for adapter in sorted(adapters, key=lambda name: (-personas[name], name)):
        count = max(1, round(replicas * personas[adapter] / max(1, everyone)))
        preferred = _by_weight(adapter, range(replicas))
        chosen = sorted(preferred, key=taken.__getitem__)[:count]  # of equals the preferred
        for replica in chosen:
            taken[replica] += personas[adapter] / count
        homes[adapter] = frozenset(chosen)
    return homes
