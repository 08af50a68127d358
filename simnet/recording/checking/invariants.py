"""Invariants of the rows of every run, checked a slice of a table at a time.

Memory holds a slice, 8 bytes for each row of a table whose keys are compared, 16 bytes for each
post, and the handles of all personas.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.foundation.text import counted
from simnet.recording.checking.fingerprints import Sums, fingerprints
from simnet.recording.files.manifest import State
from simnet.recording.reading.run import Run
from simnet.recording.schema import PROMPT_TEXTS, TABLES, column_of
from simnet.recording.writing.prompt_texts import text_hash

_TURN = ("who", "turn")


def keys(run: Run) -> Iterator[str]:
    """Yield a problem for each table with keys that occur more than once."""
    for name, table in TABLES.items():
        sums = _joined(fingerprints(rows) for rows in run.batches(name, table.key))
        sums.sort()
        suspects = sums[1:][sums[1:] == sums[:-1]]
        repeated = _repeated(run, name, table.key, suspects) if len(suspects) else []
        if repeated:
            first = dict(zip(table.key, repeated[0], strict=True))
            yield f"{name}: {len(repeated)} keys are there more than once, first {first}"


def _repeated(run: Run, name: str, key: Sequence[str], suspects: Sums) -> list[tuple[object, ...]]:
    """List the keys that occur more than once, among those with one of these sums."""
    found: Counter[tuple[object, ...]] = Counter()
    for rows in run.batches(name, key):
        some = rows.filter(pa.array(np.isin(fingerprints(rows), suspects)))
        found.update(zip(*(some[column].to_pylist() for column in key), strict=True))
    return [values for values, times in found.items() if times > 1]


def outcomes(run: Run) -> Iterator[str]:
    """Yield a problem for turns without an outcome, and for events of no turn and no cue."""
    unowned, firsts, all_turns = 0, [], []
    for rows in run.batches("events", [*_TURN, "cue", "part"]):
        unowned += rows.filter(pc.field("turn").is_null() & pc.field("cue").is_null()).num_rows
        turns = rows.filter(pc.field("turn").is_valid())
        all_turns.append(np.unique(fingerprints(turns.select(_TURN))))
        firsts.append(fingerprints(turns.filter(pc.field("part") == 0).select(_TURN)))
    incomplete = np.setdiff1d(_joined(all_turns), _joined(firsts))
    if len(incomplete):
        yield f"{_first(run, incomplete)} has no row with part 0"
    if unowned:
        yield f"{counted(unowned, 'event')} without a turn or a cue"


def _first(run: Run, sums: Sums) -> str:
    for rows in run.batches("events", _TURN):
        found = rows.filter(pa.array(np.isin(fingerprints(rows), sums)))
        if found.num_rows:
            return f"turn {found['turn'][0]} of @{found['who'][0]}"
    raise AssertionError("the rows changed while they were read")


def time(run: Run) -> Iterator[str]:
    """Yield a problem for turns that landed before they began or after a later turn."""
    early, back, made, rising = 0, 0, -1, True
    latest: dict[str, tuple[int, float]] = {}
    for rows in run.batches("events", ["time", "woke", "who", "turn", "made"]):
        early += rows.filter(pc.field("woke") > pc.field("time")).num_rows
        numbers = np.append(made, rows["made"].drop_null().to_numpy())
        rising = rising and bool((numbers[1:] > numbers[:-1]).all())
        made = int(numbers[-1])
        turns = rows.filter(pc.field("turn").is_valid())
        columns = (turns[name].to_pylist() for name in ("who", "turn", "time"))
        for who, turn, at in zip(*columns, strict=True):
            last, then = latest.get(who, (turn, at))
            if turn >= last:
                latest[who] = (turn, at)
            elif at > then:
                back += 1
    if early:
        yield f"{counted(early, 'turn')} landed before their agents woke"
    if not rising:
        yield "posts are not numbered in the order in which they were made"
    if back:
        yield f"{counted(back, 'turn')} landed after a later turn of the same agent"


def threads(run: Run) -> Iterator[str]:
    """Yield a problem for the first post whose thread is not a tree."""
    posts, roots = array("q"), array("q")
    for rows in run.batches("events", ["verb", "post", "made", "root"]):
        columns = rows.filter(pc.field("made").is_valid())
        for verb, post, made, root in zip(*(one.to_pylist() for one in columns), strict=True):
            if posts and made <= posts[-1]:
                yield f"post {made} was made after {posts[-1]}, or twice"
                return
            inside = run.relations.get(verb) == "reply"
            if post is not None and not _fits(inside, root, _find(posts, roots, post)):
                yield f"post {made} is a {verb} to {post}, which is not in the thread of {root}"
                return
            posts.append(made)
            roots.append(made if root is None else root)


def _find(posts: Sequence[int], roots: Sequence[int], post: int) -> int | None:
    position = bisect_left(posts, post)
    return roots[position] if position < len(posts) and posts[position] == post else None


def _fits(inside: bool, root: int | None, found: int | None) -> bool:
    return found is not None and (not inside or found == root)


def calls(run: Run) -> Iterator[str]:
    """Yield a problem for the first turn whose calls are not numbered without a gap."""
    before: tuple[str, int, int] = ("", -1, -1)
    for rows in run.batches("calls", [*_TURN, "call"]):
        columns = (rows[name].to_pylist() for name in (*_TURN, "call"))
        for who, turn, call in zip(*columns, strict=True):
            if call and before != (who, turn, call - 1):
                yield f"turn {turn} of @{who} lacks one of its calls before call {call}"
                return
            before = (who, turn, call)


def prompts(run: Run) -> Iterator[str]:
    """Yield a problem for texts that differ from their hashes, and for texts that are missing."""
    known = set()
    for rows in run.batches(PROMPT_TEXTS):
        texts = rows["text"].cast(pa.binary()).to_pylist()
        for name, text in zip(rows["hash"].to_pylist(), texts, strict=True):
            known.add(name)
            if text_hash(text) != name:
                yield f"{PROMPT_TEXTS}: the text of {name} is not what was recorded"
    missing = 0
    for field in TABLES["calls"].shared_texts:
        column = column_of("calls", field)
        for rows in run.batches("calls", [column]):
            counts = rows[column].value_counts().to_pylist()
            missing += sum(one["counts"] for one in counts if one["values"] not in known)
    if missing:
        yield f"{counted(missing, 'call')} with texts that are not in {PROMPT_TEXTS}"


def ledger(run: Run) -> Iterator[str]:
    """Yield a problem for each outcome whose count in a completed run's ledger is wrong."""
    if run.manifest.state is not State.COMPLETED:
        return
    found = Counter(planned=0, open=0)
    for rows in run.batches("events", ["part", "outcome"]):
        firsts = rows.filter(pc.field("part") == 0)
        found["planned"] += firsts.num_rows
        found.update(firsts["outcome"].to_pylist())
    counts: Counter[str] = Counter()
    for line in run.manifest.ledger:
        counts[line.outcome] += line.turns
    for outcome in sorted({*found, *counts}):
        if counts[outcome] != found[outcome]:
            yield (
                f"the ledger has {counted(counts[outcome], 'turn')} {outcome}, "
                f"the events have {found[outcome]}"
            )


def _joined(sums: Iterable[Sums]) -> Sums:
    return np.concatenate([np.zeros(0, np.uint64), *sums])
