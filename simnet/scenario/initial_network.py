"""Who follows whom at the start: drawn by cohort, and from explicit ties."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simnet import draws
from simnet.foundation.user_code import mark_boundary, name_of, raised_by, wrong_result
from simnet.scenario.networks.arrays import TieBuilder
from simnet.scenario.original_ids import Roster
from simnet.scenario.scenario import Scenario
from simnet.world.state.network import Indices


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


@mark_boundary(lambda run: f"ties by {name_of(run['build'])}")
def _built(
    scenario: Scenario, build: TieBuilder, handles: Sequence[str]
) -> tuple[Indices, Indices]:
    try:
        built = tuple(np.asarray(part) for part in build(handles, scenario.seed))
    except BaseException as error:
        raise raised_by("ties by", build, error, name=repr(name_of(build))) from error
    count = len(handles)
    sound = len(built) == 2 and built[0].shape == built[1].shape
    if not sound or not all(_are_positions(part, count) for part in built):
        raise wrong_result(
            "ties by",
            build,
            f"are not two arrays of equal length with positions 0 to {count - 1}",
            name=repr(name_of(build)),
        )
    return built[0].astype(np.int32), built[1].astype(np.int32)


def _are_positions(part: npt.NDArray[Any], count: int) -> bool:
    if part.ndim != 1:
        return False
    if part.size == 0:
        return True
    return part.dtype.kind in "iu" and bool(0 <= part.min() <= part.max() < count)
