"""Fine-tuning sets: the replies of each cohort as chats, one subset for each cohort.

TRL's `SFTTrainer` takes a subset as it is: `messages` in its conversational format of language
modelling, or `prompt` and `completion`. With distilabel's columns it does not, because it takes a
set that has a column `prompt` for pairs of prompt and completion.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from simnet.agents.profile import Flagger
from simnet.errors import UsageError
from simnet.export.card import Subset, check_hub, data_card
from simnet.export.folder import CARD, written_folder
from simnet.export.origins import origins
from simnet.export.replies import RecordedReply, replies_of
from simnet.export.screening import AtLimit, ChatPair, Prompts, Screen
from simnet.recording.reading.run import Run

Columns: TypeAlias = Literal["messages", "prompt-completion", "distilabel"]
"""The columns of a set: `messages`; `prompt` and `completion`; or `messages` with distilabel's
`prompt` and `prompt_id`, which TRL cannot have."""

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


def export_sft(
    run: Run,
    out: Path,
    *,
    force: bool = False,
    prompts: Prompts = "served",
    columns: Columns = "messages",
    at_limit: AtLimit = "leave-out",
    include_marked: bool = False,
    leave_out: Collection[str] = (),
    flagger: Flagger | None = None,
) -> list[Subset]:
    """Write one subset for each cohort that replied, and a data card as `README.md`.

    Replies answer the prompt that was `served`, in the form that simnet reads, or the `post`
    alone; `columns` are those of Columns. Replies with a flag of LEFT_OUT are left out unless
    `include_marked`, those with a flag of `leave_out` always; `flagger` adds flags of one's own.
    `at_limit` says what becomes of replies that ran into the limit of characters or tokens.
    Reasoning is always removed. The folder `out` appears whole or not at all.

    Raises UsageError if `out` exists and `force` is not set, or `out` is no earlier export, if no
    reply is left, or if `huggingface_hub` is not installed.
    """
    check_hub()
    screen = Screen(prompts, at_limit, include_marked, tuple(leave_out), flagger)
    replies, undone = replies_of(run)
    if not replies:
        raise UsageError(f"run {run.id} has no replies to export; `simnet show {run.id}` shows it")
    identifiers = _identifiers(sorted({reply.cohort for reply in replies} | set(undone)))
    with written_folder(out, force=force) as folder:
        subsets = []
        for cohort, identifier in identifiers.items():
            own = [reply for reply in replies if reply.cohort == cohort]
            pairs, left_out = _screened(own, screen)
            table = _table(run.id, identifier, pairs, columns)
            counts = dict(undone[cohort] + left_out)
            subsets.append(_write_subset(folder, cohort, identifier, pairs, table, counts))
        _check_any_rows(run, subsets)
        sources = origins(run)
        card = data_card(run.manifest, subsets, sources, prompts=prompts, columns=columns)
        (folder / CARD).write_text(card, encoding="utf-8")
    return subsets


def _screened(
    replies: Sequence[RecordedReply], screen: Screen
) -> tuple[list[ChatPair], Counter[str]]:
    """Return the replies that are taken, and how many are left out by cause."""
    pairs, left_out = [], Counter[str]()
    for outcome in map(screen, replies):
        if isinstance(outcome, str):
            left_out[outcome] += 1
        else:
            pairs.append(outcome)
    return pairs, left_out


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
    pairs: Sequence[ChatPair],
    table: pa.Table,
    left_out: Mapping[str, int],
) -> Subset:
    name = f"format_sft_{identifier}"
    file = f"data/{name}/train-00000.parquet" if pairs else None
    if file is not None:
        (folder / file).parent.mkdir(parents=True)
        pq.write_table(table, folder / file, compression="zstd")
    return Subset(
        name=name,
        type=cohort,
        file=file,
        rows=len(pairs),
        cut=sum(pair.at_limit for pair in pairs),
        shortened=sum(pair.shortened for pair in pairs),
        cleaned=sum(pair.cleaned for pair in pairs),
        models=Counter(pair.reply.call.model for pair in pairs if pair.reply.call),
        tokens=max((pair.reply.call.tokens for pair in pairs if pair.reply.call), default=0),
        left_out=left_out,
    )


def _table(run: str, identifier: str, pairs: Sequence[ChatPair], columns: Columns) -> pa.Table:
    values: dict[str, list[Any]] = {}
    types: dict[str, pa.DataType] = {}
    if columns == "prompt-completion":
        values["prompt"] = [pair.prompt for pair in pairs]
        values["completion"] = [pair.completion for pair in pairs]
        types |= dict.fromkeys(("prompt", "completion"), _MESSAGES)
    else:
        values["messages"] = [pair.prompt + pair.completion for pair in pairs]
        types["messages"] = _MESSAGES
    values["post"] = [pair.reply.post for pair in pairs]
    values["persona"] = [pair.reply.persona for pair in pairs]
    values[f"interaction_{identifier}"] = [pair.reply.text for pair in pairs]
    if columns == "distilabel":
        users = [pair.prompt[-1]["content"] for pair in pairs]
        values["prompt"] = users
        values["prompt_id"] = [hashlib.sha256(user.encode()).hexdigest() for user in users]
    types |= dict.fromkeys(values.keys() - types.keys(), pa.string())
    for name, (kind, value) in _PROVENANCE.items():
        values[name] = [value(run, pair.reply) for pair in pairs]
        types[name] = kind
    return pa.table(values, pa.schema([(name, types[name]) for name in values]))


def _of_call(field: str) -> Callable[[str, RecordedReply], Any]:
    return lambda _, reply: reply.call and getattr(reply.call, field)


_PROVENANCE: Mapping[str, tuple[pa.DataType, Callable[[str, RecordedReply], Any]]] = {
    "run": (pa.string(), lambda run, _: run),
    "event": (pa.int64(), lambda _, reply: reply.event),
    "persona_id": (pa.string(), lambda _, reply: reply.persona_id),
    "turn": (pa.int64(), lambda _, reply: reply.turn),
    "model": (pa.string(), _of_call("model")),
    "adapter": (pa.string(), _of_call("adapter")),
    "prompt_hash": (pa.string(), _of_call("prompt_hash")),
}
"""Columns that say where a row comes from: type, and value by run id and reply."""


def _check_any_rows(run: Run, subsets: Sequence[Subset]) -> None:
    if any(subset.rows for subset in subsets):
        return
    total: Counter[str] = Counter()
    for subset in subsets:
        total.update(subset.left_out)
    causes = ", ".join(f"{count} {cause}" for cause, count in sorted(total.items()))
    raise UsageError(
        f"every reply of run {run.id} is left out ({causes}); take replies with flags by "
        "--include-marked, those at the limit by --at-limit cut or keep, those without a recorded "
        "prompt by --prompts post"
    )
