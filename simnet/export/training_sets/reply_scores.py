"""Scores replies by how others engaged with them, for each time that they were shown."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.recording.reading.run import Run
from simnet.world.events import DONE

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"like": 1.0, "love": 1.0, "laugh": 1.0, "repost": 1.0, "quote": 1.0}
)
"""What an act of engagement counts: a reaction by its name, a repost, a quote, a reply."""
_REACTIONS = ("like", "dislike", "love", "laugh", "angry", "sad")
_RELATIONS = ("reaction", "retraction", "repost", "quote", "reply")


class Score(NamedTuple):
    """How good a reply is taken to be, and by what."""

    value: float
    """Weighted engagement for each exposure, or the mean rating."""
    exposures: int | None = None
    """How often the reply was shown to others; None for ratings."""
    engagement: float | None = None
    """Weighted number of acts of engagement by others; None for ratings."""
    ratings: int | None = None
    """How many ratings it has; None for engagement."""


def check_weights(run: Run, weights: Mapping[str, float]) -> None:
    """Raise UsageError for a weight of something that is no engagement."""
    relations = run.relations
    verbs = [verb for verb, relation in relations.items() if relation in _RELATIONS]
    known = {*_REACTIONS, "repost", "quote", "reply", *verbs}
    for name, weight in weights.items():
        if name not in known:
            raise UsageError(f"{name!r} is no engagement{did_you_mean(name, known)}")
        if not math.isfinite(weight):
            raise UsageError(f"the weight of {name!r} is {weight}; give a number")


def engagement_scores(run: Run, weights: Mapping[str, float], least: int) -> dict[int, Score]:
    """Score the replies of a run that were shown to others at least `least` times.

    The score is the weighted engagement by others at the end of the run, so without what was taken
    back, divided by the number of times the reply was shown to others. What authors do to their
    own posts, and that their own posts are shown to them, does not count. Memory holds a few
    numbers for each reply, and each reaction to one.
    """
    replying = [verb for verb, relation in run.relations.items() if relation == "reply"]
    own = pc.field("verb").isin(pa.array(replying, pa.string())) & (pc.field("outcome") == DONE)
    rows = run.table("events").to_table(columns=["made", "who"], filter=own).combine_chunks()
    rows = rows.filter(pc.is_valid(rows["made"])).sort_by("made")
    made = rows["made"].to_numpy()
    shown = _exposures(run, made, rows["who"])
    engaged = _engagement(
        run, weights, dict(zip(made.tolist(), rows["who"].to_pylist(), strict=True))
    )
    scores = {}
    for post, count in zip(made.tolist(), shown.tolist(), strict=True):
        if count >= max(least, 1):
            scores[post] = Score(engaged[post] / count, count, engaged[post])
    return scores


def _exposures(run: Run, made: Any, authors: pa.ChunkedArray) -> Any:
    """Count how often each post was shown to others; `made` is sorted."""
    counts = np.zeros(len(made), dtype=np.int64)
    if not len(made):
        return counts
    for batch in run.table("exposures").to_batches(columns=["post", "who"]):
        posts = batch["post"].to_numpy(zero_copy_only=False)
        places = np.minimum(np.searchsorted(made, posts), len(made) - 1)
        hits = np.flatnonzero(made[places] == posts)
        places = places[hits]
        viewers = batch["who"].take(pa.array(hits))
        others = pc.not_equal(viewers, pc.take(authors, pa.array(places)).combine_chunks())
        counts += np.bincount(places[np.asarray(others.to_pylist(), bool)], minlength=len(made))
    return counts


def _engagement(run: Run, weights: Mapping[str, float], authors: Mapping[int, str]) -> Counter[int]:
    """Sum the weights of what others did to posts; reactions as they are at the end."""
    total: Counter[int] = Counter()
    reactions: dict[tuple[str, int], str] = {}
    for row, relation in _acts(run):
        who, post = row["who"], row["post"]
        if authors.get(post) in {None, who}:
            continue
        if relation == "retraction":
            reactions.pop((who, post), None)
        elif relation == "reaction":
            reactions[who, post] = row["text"] or row["verb"]
        else:
            total[post] += weights.get(row["verb"], weights.get(relation, 0.0))  # type: ignore[assignment]
    for (_, post), reaction in reactions.items():
        total[post] += weights.get(reaction, 0.0)  # type: ignore[assignment]
    return total


def _acts(run: Run) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the acts of engagement, in order of time, with their relation."""
    relations = run.relations
    verbs = [verb for verb, relation in relations.items() if relation in _RELATIONS]
    wanted = pc.field("verb").isin(pa.array(verbs, pa.string())) & (pc.field("outcome") == DONE)
    columns = ["who", "verb", "post", "text"]
    for batch in run.table("events").to_batches(columns=columns, filter=wanted):
        for row in batch.to_pylist():
            yield row, relations[row["verb"]]
