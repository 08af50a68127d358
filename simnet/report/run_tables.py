"""The tables of a run as its report needs them: some columns, read once, in slices."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from simnet.analysis.cascade_tree import SPREADING, integers
from simnet.analysis.threads import rows
from simnet.recording.reading.run import Run
from simnet.world.events import DONE, OUTSIDE, Event

_EVENTS = (
    "time", "who", "cohort", "turn", "cue", "part", "verb", "outcome", "post", "made", "root",
    "marks",
)  # fmt: skip
Numbers = npt.NDArray[np.int64]


class RunTables:
    """Reads the tables of one run when they are needed, without texts and what was shown."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def events(self) -> pa.Table:
        """The events, without texts."""
        return _whole(self.run, "events", _EVENTS)

    @cached_property
    def done(self) -> pa.Table:
        """What people did; interventions and checks are not among it."""
        by_people = pc.not_equal(self.events["who"], OUTSIDE)
        return self.events.filter(pc.and_(pc.equal(self.events["outcome"], DONE), by_people))

    @cached_property
    def personas(self) -> pa.Table:
        """The personas: `id` and `cohort`."""
        return _whole(self.run, "personas", ("id", "cohort"))

    @cached_property
    def shown(self) -> dict[int, int]:
        """How often each post was shown."""
        counts = pa.chunked_array(
            [batch["post"].combine_chunks() for batch in self.run.batches("exposures", ["post"])],
            pa.int64(),
        ).value_counts()
        return dict(
            zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
        )

    def exposures_of(self, posts: Iterable[int]) -> pa.Table:
        """Read the exposures of some posts."""
        wanted = pa.array(list(posts), pa.int64())
        columns = ["time", "who", "post", "via"]
        parts = [
            batch.filter(pc.is_in(batch["post"], wanted))
            for batch in self.run.batches("exposures", columns)
        ]
        schema = pa.schema(
            [("time", pa.float64()), ("who", pa.string()), ("post", pa.int64()),
             ("via", pa.string())]
        )  # fmt: skip
        return pa.concat_tables([schema.empty_table(), *(part.cast(schema) for part in parts)])

    def texts_of(self, roots: Iterable[int]) -> list[Event]:
        """Read the events of some threads, with their texts."""
        wanted = pa.array(list(roots), pa.int64())
        found: list[Event] = []
        for batch in self.run.batches("events", list(Event._fields)):
            about = pc.or_(pc.is_in(batch["root"], wanted), pc.is_in(batch["made"], wanted))
            found += rows(batch.filter(pc.fill_null(about, fill_value=False)))
        return found

    # -- by post -----------------------------------------------------------------------------

    @cached_property
    def made(self) -> pa.Table:
        """The events that made a post."""
        return self.done.filter(pc.is_valid(self.done["made"]))

    @cached_property
    def thread_of(self) -> dict[int, int]:
        """The post that began its thread, for each post."""
        columns = (self.made[name].to_pylist() for name in ("made", "root"))
        return {made: made if root is None else root for made, root in zip(*columns, strict=True)}

    def about(self, *relations: str) -> pa.Table:
        """Return the events that were done and have some relation to a post."""
        verbs = [verb for verb, one in self.run.relations.items() if one in relations]
        chosen = pc.is_in(self.done["verb"], pa.array(verbs, pa.string()))
        return self.done.filter(pc.and_(chosen, pc.is_valid(self.done["post"])))

    def counts_by_post(self, *relations: str) -> dict[int, int]:
        """Count the events of some relations by the post they are about."""
        posts, counts = np.unique(integers(self.about(*relations)["post"]), return_counts=True)
        return dict(zip(posts.tolist(), counts.tolist(), strict=True))

    @cached_property
    def spread(self) -> dict[int, int]:
        """The size of each cascade, by the post that began it; what is below quotes counts too."""
        spreading = self.about(*SPREADING)
        posts, made = (integers(spreading[name]).tolist() for name in ("post", "made"))
        original: dict[int, int] = {}
        for number, post in sorted(zip(made, posts, strict=True)):  # what is above comes first
            if number >= 0:  # a repost makes no post
                original[number] = original.get(post, post)
        found: dict[int, int] = {}
        for post in posts:
            root = original.get(post, post)
            found[root] = found.get(root, 0) + 1
        return found


def _whole(run: Run, name: str, columns: tuple[str, ...]) -> pa.Table:
    parts = list(run.batches(name, list(columns)))
    if parts:
        return pa.concat_tables(parts).select(list(columns)).unify_dictionaries()
    return run.read(name).select(list(columns))
