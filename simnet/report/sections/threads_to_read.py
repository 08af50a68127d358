"""Threads worth reading: which ones, why, and what was said in them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random

import pyarrow.compute as pc

from simnet.analysis.cascade_tree import integers
from simnet.analysis.threads import Post, descendants, gather
from simnet.clock import format_time
from simnet.foundation.text import counted, cut
from simnet.report.parts import Block, Notes, Said, Section, Thread
from simnet.report.run_tables import RunTables
from simnet.report.sections.spreading import largest

_MOST_POSTS = 12
_LONGEST = 700
_DEEPEST = 4
_UNREMARKABLE = frozenset({"archetype", "promoted", "resampled", "trimmed", "reasoning"})


def threads_to_read(tables: RunTables) -> Section:
    """Pick threads by rules, and one by chance, and show what was said in each."""
    picked = dict(pick(tables))
    title = "Threads worth reading"
    if not picked:
        return Section("threads", title, [Notes(["Nobody posted anything."])])
    gathered = gather(
        sorted(tables.texts_of(picked), key=lambda event: event.time), tables.run.relations
    )
    blocks: list[Block] = [
        as_thread(gathered.posts[root], why) for root, why in picked.items()
        if root in gathered.posts
    ]  # fmt: skip
    intro = (
        "Picked by rules that look at counts, not at what was said; the last one is drawn at "
        "random from all threads, to show what is usual."
    )
    return Section("threads", title, blocks, intro)


def pick(tables: RunTables) -> Iterator[tuple[int, str]]:
    """Yield the posts that begin the threads to read, each once, with the reason."""
    seen: set[int] = set()
    for root, why in _candidates(tables):
        if root not in seen:
            seen.add(root)
            yield root, why
    others = sorted(set(tables.thread_of.values()) - seen)
    if others:
        chosen = Random(0).choice(others)  # noqa: S311  (no secret)
        rest = counted(len(others), "other thread" if seen else "thread")
        yield chosen, f"drawn at random from {rest}"


def _candidates(tables: RunTables) -> Iterator[tuple[int, str]]:
    for place, root in enumerate(largest(tables, 2)):
        order = "most" if place == 0 else "second most"
        yield root, f"{order} replies, quotes and reposts: {tables.spread[root]:,}"
    yield from _most(tables, tables.shown, "was shown most often", "time")
    reactions = tables.counts_by_post("reaction")
    yield from _most(tables, reactions, "most reactions", "reaction")
    yield from _deepest(tables)
    moderated = Counter(integers(tables.about("removal", "label")["post"]).tolist())
    yield from _most(tables, moderated, "moderators acted on it", "time")
    yield from _marked(tables)


def _most(
    tables: RunTables, counts: Mapping[int, int], why: str, noun: str
) -> Iterator[tuple[int, str]]:
    known = {post: count for post, count in counts.items() if post in tables.thread_of}
    if known:
        post = max(known, key=lambda one: (known[one], -one))
        root = tables.thread_of[post]
        where = "" if post == root else f" (post #{post} in it)"
        yield root, f"{why}: {counted(known[post], noun)}{where}"


def _deepest(tables: RunTables) -> Iterator[tuple[int, str]]:
    replies = tables.about("reply")
    depth: dict[int, int] = {}
    for post, made in zip(replies["post"].to_pylist(), replies["made"].to_pylist(), strict=True):
        if made is not None:
            depth[made] = depth.get(post, 0) + 1
    if depth:
        post = max(depth, key=lambda one: (depth[one], -one))
        yield tables.thread_of[post], f"longest chain of replies: {depth[post]:,}"


def _marked(tables: RunTables) -> Iterator[tuple[int, str]]:
    """Yield the thread with most replies that are marked as flawed."""
    rows = tables.made.filter(pc.greater(pc.list_value_length(tables.made["marks"]), 0))
    counts: Counter[int] = Counter()
    kinds: dict[int, Counter[str]] = {}
    for made, marks in zip(rows["made"].to_pylist(), rows["marks"].to_pylist(), strict=True):
        flaws = set(marks) - _UNREMARKABLE
        if flaws:
            root = tables.thread_of[made]
            counts[root] += 1
            kinds.setdefault(root, Counter()).update(flaws)
    for root, count in counts.most_common(1):
        names = ", ".join(name for name, _ in kinds[root].most_common(3))
        yield root, f"most posts with a mark of trouble: {count:,} ({names})"


def as_thread(root: Post, why: str) -> Thread:
    """Show a thread in reading order, up to 12 of its posts."""
    posts = list(descendants(root))
    shown = [_said(depth, post) for depth, post in posts[:_MOST_POSTS]]
    left = len(posts) - len(shown)
    return Thread(
        f"Thread #{root.id} by @{root.event.who}",
        why,
        shown,
        f"{counted(left, 'more post')} in this thread" if left else "",
    )


def _said(depth: int, post: Post) -> Said:
    event = post.event
    facts = [event.cohort, format_time(event.time), f"#{post.id}", *post.counts()]
    facts += [f"quotes #{post.quotes}"] if post.quotes is not None else []
    facts += [f"label: {label}" for label in dict.fromkeys(post.labels)]
    facts += [f"removed by @{post.removed_by}"] if post.removed_by is not None else []
    facts += [f"marked {mark}" for mark in event.marks]
    who = f"@{event.who}" if event.who else "an intervention"
    return Said(min(depth, _DEEPEST), who, " · ".join(facts), cut(event.text or "", _LONGEST))
