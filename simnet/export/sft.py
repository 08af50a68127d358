"""Fine-tuning sets: posts, and the replies of each cohort to them.

There is one subset for each cohort, with the columns of distilabel's FinePersonas pipeline. TRL's
`SFTTrainer` takes them as they are and trains on `messages`.
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
from simnet.export.card import Subset, check_hub, data_card
from simnet.export.folder import written_folder
from simnet.recording.reading.run import Run
from simnet.world.events import DONE

LEFT_OUT = ("empty", "refusal", "garbled")
"""Marks of replies that are left out by default."""
CUT = "at_limit"
"""Mark of replies that may end in the middle of a sentence. They are kept and counted."""

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


class _Reply(NamedTuple):
    post: str
    persona: str
    text: str
    marks: tuple[str, ...]


def export_sft(
    run: Run, out: Path, *, force: bool = False, include_marked: bool = False
) -> list[Subset]:
    """Write one subset for each cohort that replied, and a data card as `README.md`.

    Replies with a mark of LEFT_OUT are left out unless `include_marked`. The folder `out` appears
    whole or not at all. Raises UsageError if it exists and `force` is not set, if no reply is
    left, or if `huggingface_hub` is not installed.
    """
    check_hub()
    replies, undone = _replies(run)
    if not any(replies.values()):
        raise UsageError(f"run {run.id} has no replies to export; `simnet show {run.id}` shows it")
    identifiers = _identifiers(sorted(replies))
    with written_folder(out, force=force) as folder:
        subsets = [
            _write_subset(
                folder,
                cohort,
                identifier,
                replies=replies[cohort],
                undone=undone[cohort],
                include_marked=include_marked,
            )
            for cohort, identifier in identifiers.items()
        ]
        _check_any_rows(run, subsets)
        sources = Counter(run.read("personas")["source"].to_pylist())
        card = data_card(run.manifest, subsets, sources)
        (folder / "README.md").write_text(card, encoding="utf-8")
    return subsets


def _replies(run: Run) -> tuple[dict[str, list[_Reply]], dict[str, Counter[str]]]:
    """Return the replies of each cohort, and how many were refused or failed."""
    columns = ["who", "cohort", "verb", "outcome", "post", "made", "text", "marks"]
    events = run.table("events").to_table(columns=columns)
    texts = _post_texts(events)
    portraits = _portraits(run)
    replies: dict[str, list[_Reply]] = {}
    undone: dict[str, Counter[str]] = {}
    replying = [verb for verb, relation in run.relations.items() if relation == "reply"]
    rows = events.filter(pc.is_in(events["verb"], pa.array(replying, pa.string())))
    for row in rows.to_pylist():
        cohort_replies = replies.setdefault(row["cohort"], [])
        counts = undone.setdefault(row["cohort"], Counter())
        if row["outcome"] != DONE:
            counts[row["outcome"]] += 1
            continue
        if row["post"] not in texts:
            raise RecordError(f"run {run.id}: post {row['made']} answers a post that is not there")
        if row["who"] not in portraits:
            raise RecordError(f"run {run.id}: no persona {row['who']!r} in the table of personas")
        post, persona = texts[row["post"]], portraits[row["who"]]
        cohort_replies.append(_Reply(post, persona, row["text"] or "", tuple(row["marks"])))
    return replies, undone


def _post_texts(events: pa.Table) -> dict[int, str]:
    made = events.filter(pc.is_valid(events["made"])).select(["made", "text"])
    texts = (text or "" for text in made["text"].to_pylist())
    return dict(zip(made["made"].to_pylist(), texts, strict=True))


def _portraits(run: Run) -> dict[str, str]:
    rows = run.read("personas").select(["id", "portrait"]).to_pylist()
    return {row["id"]: row["portrait"] for row in rows}


def _identifiers(cohorts: Sequence[str]) -> dict[str, str]:
    """Make an identifier of each cohort's name, for the names of files and columns."""
    identifiers = {cohort: re.sub(r"[^\w-]+", "_", cohort) for cohort in cohorts}
    for identifier, count in Counter(identifiers.values()).items():
        if count > 1:
            same = ", ".join(repr(c) for c in cohorts if identifiers[c] == identifier)
            raise UsageError(f"the cohorts {same} would share the name {identifier!r}; rename one")
    return identifiers


def _write_subset(
    folder: Path,
    cohort: str,
    identifier: str,
    *,
    replies: Sequence[_Reply],
    undone: Counter[str],
    include_marked: bool,
) -> Subset:
    name = f"format_sft_{identifier}"
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
        return Subset(name=name, type=cohort, file=None, rows=0, cut=0, left_out=dict(left_out))
    file = f"data/{name}/train-00000.parquet"
    (folder / file).parent.mkdir(parents=True)
    pq.write_table(_table(identifier, kept), folder / file, compression="zstd")
    cut = sum(CUT in reply.marks for reply in kept)
    return Subset(
        name=name, type=cohort, file=file, rows=len(kept), cut=cut, left_out=dict(left_out)
    )


def _table(identifier: str, replies: Sequence[_Reply]) -> pa.Table:
    columns: dict[str, Any] = {
        "post": [reply.post for reply in replies],
        "persona": [reply.persona for reply in replies],
        f"interaction_{identifier}": [reply.text for reply in replies],
        "prompt": [reply.post for reply in replies],
        "prompt_id": [hashlib.sha256(reply.post.encode()).hexdigest() for reply in replies],
        "messages": [_messages(reply) for reply in replies],
    }
    types = dict.fromkeys(columns, pa.string()) | {"messages": _MESSAGES}
    return pa.table(columns, pa.schema(types.items()))


def _messages(reply: _Reply) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": reply.post},
        {"role": "assistant", "content": reply.text},
    ]


def _check_any_rows(run: Run, subsets: Sequence[Subset]) -> None:
    if not any(subset.rows for subset in subsets):
        causes = ", ".join(sorted({cause for subset in subsets for cause in subset.left_out}))
        raise UsageError(f"every reply of run {run.id} is left out ({causes}); include marked ones")
