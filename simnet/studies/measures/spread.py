"""Measures of how a post spreads and of how attention is shared out."""

from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.analysis.cascades import Cascade, cascade, first_post
from simnet.analysis.inequality import gini
from simnet.recording.reading.run import Run
from simnet.studies.measure import NO_GROUP, Figure, Figures, Measure
from simnet.studies.measures.figure_groups import only
from simnet.world.events import DONE

CascadeField: TypeAlias = Literal[
    "size", "depth", "breadth", "members", "half", "lasted", "exposures", "viewers", "reach",
    "structural_virality",
]  # fmt: skip
_SECONDS = {"half", "lasted"}
GOEL = "Goel, Anderson, Hofman & Watts 2016, The structural virality of online diffusion"
GINI = "Gini 1912; of counts, as in Zhu & Lerman 2016, Attention inequality in social media"


def cascade_of(by: str, field: CascadeField = "size") -> Measure:
    """Measure the cascade of a member's first post: a field of `simnet.measures.Cascade`.

    Times are in seconds. No figure for a run in which the field has no value, such as `half`
    without any reply.
    """

    def found(run: Run) -> Figures:
        events = run.read("events")
        tree: Cascade = cascade(
            events, run.read("exposures"), first_post(events, by), run.relations
        )
        value = getattr(tree, field)
        return [] if value is None else [Figure(value)]

    unit = "s" if field in _SECONDS else ""
    name = f"cascade {field} of {by}"
    return Measure(name, found, unit, GOEL, (by,), groups=only(NO_GROUP))


def attention_inequality(of: Literal["posts", "authors"] = "authors") -> Measure:
    """Measure how unequally exposures are shared out: the Gini coefficient, 0 (equal) to 1.

    Over posts or over authors who posted; those never shown count with 0. No figure without posts.
    Source: Zhu & Lerman 2016, "Attention inequality in social media".
    """

    def found(run: Run) -> Figures:
        made = _made(run)
        authors = dict(zip(made["made"].to_pylist(), made["who"].to_pylist(), strict=True))
        counts = dict.fromkeys(authors if of == "posts" else authors.values(), 0)
        for post in run.read("exposures")["post"].to_pylist():
            key = post if of == "posts" else authors.get(post)
            if key in counts:
                counts[key] += 1
        return [Figure(gini(np.array(list(counts.values()), float)))] if counts else []

    name = f"attention inequality of {of}"
    return Measure(name, found, source=GINI, groups=only(NO_GROUP))


def correction(rumour_by: str, correction_by: str) -> Measure:
    """Measure how a correction follows a rumour, both the first posts of a member.

    Figures by group: `reached`, the share of those who were shown the rumour that were shown the
    correction later, whether or not they had been before, and `delay`, the median seconds from the
    first time of the rumour to that of the correction after it.
    """

    def found(run: Run) -> Figures:
        events = run.read("events")
        exposures = run.read("exposures")
        rumour, corrected = (
            _shown(exposures, first_post(events, author)) for author in (rumour_by, correction_by)
        )
        if not rumour:
            return []
        later = [
            [at - times[0] for at in corrected.get(who, ()) if at > times[0]]
            for who, times in rumour.items()
        ]
        delays = [min(own) for own in later if own]
        reached = Figure(len(delays) / len(rumour), "reached")
        return [reached, Figure(float(np.median(delays)), "delay")] if delays else [reached]

    name = f"correction of {rumour_by} by {correction_by}"
    members, groups = (rumour_by, correction_by), only("reached", "delay")
    return Measure(name, found, members=members, groups=groups)


def _shown(exposures: pa.Table, post: int) -> dict[str, list[float]]:
    """List when a post was shown to each viewer, in order."""
    shown = exposures.filter(pc.equal(exposures["post"], post))
    times: dict[str, list[float]] = {}
    for who, time in zip(shown["who"].to_pylist(), shown["time"].to_pylist(), strict=True):
        times.setdefault(who, []).append(time)
    return times


def _made(run: Run) -> pa.Table:
    events = run.read("events")
    return events.filter(pc.and_(pc.is_valid(events["made"]), pc.equal(events["outcome"], DONE)))
