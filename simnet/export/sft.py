"""Fine-tuning sets: what each type of follower replied to which post, and as whom.

One subset a cohort, in the columns of distilabel's FinePersonas pipeline, which TRL's SFT
trainer takes as they are: it trains on `messages`.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from simnet.errors import RecordError, UsageError
from simnet.export.card import Subset, data_card
from simnet.export.folder import written_folder
from simnet.recording.reading.run import Run
from simnet.world.events import DONE

LEFT_OUT = ("empty", "refusal", "garbled")
"""Marks of replies that are no good example of anything, by default left out."""
CUT = "at_limit"
"""Mark of replies that may end in the middle of a sentence; they stay in and are counted."""

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


class _Reply(NamedTuple):
    post: str
    persona: str
    text: str
    marks: tuple[str, ...]


def export_sft(
    run: Run, out: Path, *, force: bool = False, include_marked: bool = False
) -> list[Subset]:
    """Write one subset for each cohort that replied, with a README that lists them.

    Replies with a mark of LEFT_OUT stay out unless `include_marked`. The folder `out` appears
    whole or not at all. Raises UsageError when it exists, unless `force` replaces it, or when
    the run has no reply that goes into the set.
    """
    replies, undone = _replies(run)
    if not any(replies.values()):
        raise UsageError(f"run {run.id} has no replies to export; `simnet show {run.id}` shows it")
    words = _words(sorted(replies))
    with written_folder(out, force=force) as folder:
        subsets = [
            _write_subset(folder, kind, word, replies[kind], undone[kind], include_marked)
            for kind, word in words.items()
        ]
        _check(run, subsets)
        sources = Counter(run.read("personas")["source"].to_pylist())
        card = data_card(run.manifest, subsets, sources)
        (folder / "README.md").write_text(card, encoding="utf-8")
    return subsets


def _replies(run: Run) -> tuple[dict[str, list[_Reply]], dict[str, Counter[str]]]:
    """Read the replies of each cohort, and how many came to nothing."""
    columns = ["who", "cohort", "verb", "outcome", "post", "made", "text", "marks"]
    events = run.table("events").to_table(columns=columns)
    texts = _texts(events)
    portraits = _portraits(run)
    replies: dict[str, list[_Reply]] = {}
    undone: dict[str, Counter[str]] = {}
    replying = [verb for verb, relation in run.relations.items() if relation == "reply"]
    answers = events.filter(pc.is_in(events["verb"], pa.array(replying, pa.string())))
    for row in answers.to_pylist():
        there = replies.setdefault(row["cohort"], [])
        counts = undone.setdefault(row["cohort"], Counter())
        if row["outcome"] != DONE:
            counts[row["outcome"]] += 1
            continue
        if row["post"] not in texts:
            raise RecordError(f"run {run.id}: post {row['made']} answers a post that is not there")
        if row["who"] not in portraits:
            raise RecordError(f"run {run.id}: no persona {row['who']!r} in the table of personas")
        post, persona = texts[row["post"]], portraits[row["who"]]
        there.append(_Reply(post, persona, row["text"] or "", tuple(row["marks"])))
    return replies, undone


def _texts(events: pa.Table) -> dict[int, str]:
    made = events.filter(pc.is_valid(events["made"])).select(["made", "text"])
    texts = (text or "" for text in made["text"].to_pylist())
    return dict(zip(made["made"].to_pylist(), texts, strict=True))


def _portraits(run: Run) -> dict[str, str]:
    rows = run.read("personas").select(["id", "portrait"]).to_pylist()
    return {row["id"]: row["portrait"] for row in rows}


def _words(kinds: Sequence[str]) -> dict[str, str]:
    """Find for each type a word that can stand in the names of files and columns."""
    words = {kind: re.sub(r"[^\w-]+", "_", kind) for kind in kinds}
    for word, count in Counter(words.values()).items():
        if count > 1:
            alike = ", ".join(repr(kind) for kind in kinds if words[kind] == word)
            raise UsageError(f"the cohorts {alike} would share the name {word!r}; rename one")
    return words


def _write_subset(
    folder: Path,
    kind: str,
    word: str,
    replies: Sequence[_Reply],
    undone: Counter[str],
    include_marked: bool,
) -> Subset:
    name = f"format_sft_{word}"
    left_out = undone.copy()
    kept = []
    for reply in replies:
        mark = next((mark for mark in LEFT_OUT if mark in reply.marks), None)
        if mark is None and not reply.text.strip():
            mark = "empty"
        if mark is None or include_marked:
            kept.append(reply)
        else:
            left_out[mark] += 1
    if not kept:
        return Subset(name, kind, None, 0, 0, dict(left_out))
    file = f"data/{name}/train-00000.parquet"
    (folder / file).parent.mkdir(parents=True)
    pq.write_table(_table(word, kept), folder / file, compression="zstd")
    cut = sum(CUT in reply.marks for reply in kept)
    return Subset(name, kind, file, len(kept), cut, dict(left_out))


def _table(word: str, replies: Sequence[_Reply]) -> pa.Table:
    columns: dict[str, Any] = {
        "post": [reply.post for reply in replies],
        "persona": [reply.persona for reply in replies],
        f"interaction_{word}": [reply.text for reply in replies],
        "prompt": [reply.post for reply in replies],
        "prompt_id": [hashlib.sha256(reply.post.encode()).hexdigest() for reply in replies],
        "messages": [_messages(reply) for reply in replies],
    }
    kinds = dict.fromkeys(columns, pa.string()) | {"messages": _MESSAGES}
    return pa.table(columns, pa.schema(kinds.items()))


def _messages(reply: _Reply) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": reply.post},
        {"role": "assistant", "content": reply.text},
    ]


def _check(run: Run, subsets: Sequence[Subset]) -> None:
    if not any(subset.rows for subset in subsets):
        causes = ", ".join(sorted({cause for subset in subsets for cause in subset.left_out}))
        raise UsageError(f"every reply of run {run.id} is left out ({causes}); include marked ones")
