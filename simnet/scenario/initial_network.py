"""Who follows whom at the start: drawn by cohort, and from explicit ties."""

from collections.abc import Sequence

import numpy as np

from simnet import draws
from simnet.errors import ScenarioError
from simnet.scenario.networks.arrays import TieBuilder
from simnet.scenario.original_ids import Roster
from simnet.scenario.scenario import Scenario
from simnet.world.network import Indices


def network_of(scenario: Scenario, handles: Sequence[str]) -> tuple[Indices, Indices]:
    """Draw who follows whom at the start: positions of followers and of followees.

    Each follower draws from a generator of their own, keyed by (seed, follower, cohort), so
    adding a cohort leaves all other ties as they are.
    """
    starts = np.cumsum([0, *(len(cohort.personas) for cohort in scenario.cohorts)])
    span = {
        cohort.name: (int(start), int(end))
        for cohort, start, end in zip(scenario.cohorts, starts, starts[1:], strict=False)
    }
    rows: list[Indices] = []
    columns: list[Indices] = []
    for cohort in scenario.cohorts:
        for followed, chance in cohort.follows.items():
            first, end = span[followed]
            for who in range(*span[cohort.name]):
                picked = _drawn(end - first, chance, scenario.seed, handles[who], followed) + first
                rows.append(np.full(len(picked), who, np.int32))
                columns.append(picked)
    ties = _explicit(scenario, handles)
    return np.concatenate([*rows, ties[0]]), np.concatenate([*columns, ties[1]])


def _drawn(count: int, chance: float, seed: int, who: str, followed: str) -> Indices:
    if chance in {0.0, 1.0}:
        return np.arange(count if chance else 0, dtype=np.int32)
    generator = np.random.Generator(
        np.random.Philox(key=draws.bits(seed, who, "follows", followed))
    )
    return np.flatnonzero(generator.random(count) < chance).astype(np.int32)


def _explicit(scenario: Scenario, handles: Sequence[str]) -> tuple[Indices, Indices]:
    if callable(scenario.ties):
        return _built(scenario, scenario.ties, Roster(handles, scenario.cohorts))
    index = {handle: position for position, handle in enumerate(handles)}
    pairs = [(index[who], index[whom]) for who, whom in scenario.ties]
    table = np.array(pairs, np.int32).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _built(
    scenario: Scenario, build: TieBuilder, handles: Sequence[str]
) -> tuple[Indices, Indices]:
    followers, followees = (np.asarray(part) for part in build(handles, scenario.seed))
    for part in (followers, followees):
        inside = part.size == 0 or 0 <= part.min() <= part.max() < len(handles)
        if followers.shape != followees.shape or part.ndim != 1 or not inside:
            raise ScenarioError(
                f"{scenario.name}: ties by {getattr(build, '__name__', build)!r} are not two "
                f"arrays of equal length with positions 0 to {len(handles) - 1}"
            )
    return followers.astype(np.int32), followees.astype(np.int32)
