"""Fine-tuning sets: the replies of each cohort as chats, one subset for each cohort.

TRL's `SFTTrainer` takes a subset as it is: `messages` in its conversational format of language
modelling, or `prompt` and `completion`. With distilabel's columns it does not, because it takes a
set that has a column `prompt` for pairs of prompt and completion.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa

from simnet.agents.profile import Flagger
from simnet.errors import EmptyExportError
from simnet.export.folders.card import Subset, write_data_card
from simnet.export.folders.card_parts import check_hub, source_of
from simnet.export.folders.folder import written_folder
from simnet.export.folders.set_writer import MESSAGES, SetWriter, identifiers, set_writer
from simnet.export.folders.splits import KeepTogether, Split, thread_name
from simnet.export.training_sets.replies import RecordedReply, ReplyReader
from simnet.export.training_sets.screening import AtLimit, ChatPair, Prompts, Screen, System
from simnet.foundation.arguments import checked
from simnet.recording.reading.folders import run_words
from simnet.recording.reading.run import Run

Columns: TypeAlias = Literal["messages", "prompt-completion", "distilabel"]
"""The columns of a set: `messages`; `prompt` and `completion`; or `messages` with distilabel's
`prompt` and `prompt_id`, which TRL cannot have."""


@checked
def export_sft(
    run: Run,
    out: Path | str,
    *,
    force: bool = False,
    prompts: Prompts = "served",
    columns: Columns = "messages",
    at_limit: AtLimit = "leave-out",
    include_marked: bool = False,
    leave_out: Collection[str] = (),
    flagger: Flagger | None = None,
    system: System | None = None,
    validation: float = 0.0,
    keep_together: KeepTogether = "persona",
    split_seed: int = 0,
) -> list[Subset]:
    """Write one subset for each cohort that replied, and a data card as `README.md`.

    Replies answer the prompt that was `served`, in the form that simnet reads, or the `post`
    alone; `columns` are those of Columns. `system` is the system message: the `served` one, the
    persona's `portrait` or `none`; by default it is `served` where prompts are served, and `none`
    where they are posts, so that an adapter of a type of follower needs no traits when it is used.

    Replies with a flag of LEFT_OUT are left out unless `include_marked`, those with a flag of
    `leave_out` always; `flagger` adds flags of one's own. `at_limit` says what becomes of replies
    that ran into the limit of characters or tokens. Reasoning is always removed. `validation` is
    the share of personas or threads, as `keep_together` says, whose rows are for validation; see
    Split. The folder `out` appears whole or not at all. Memory holds the texts of all posts and
    one batch of replies.

    Raises UsageError if `out` exists and `force` is not set, if `out` is no earlier export or if
    `huggingface_hub` is not installed; EmptyExportError if no reply is left.
    """
    check_hub()
    split = Split(validation, keep_together, split_seed)
    screen = Screen(prompts, at_limit, include_marked, tuple(leave_out), flagger, system)
    replies = ReplyReader(run)
    if not len(replies):
        raise EmptyExportError(
            f"run {run.id} has no replies to export; look at it with: simnet show "
            f"{run_words(run.path)}"
        )
    names = identifiers(sorted(replies.undone))
    with written_folder(Path(out), force=force) as folder:
        with set_writer(folder) as writer:
            tallies = {
                cohort: _Tally(cohort, name, columns, writer) for cohort, name in names.items()
            }
            for batch in replies.batches():
                for cohort, tally in tallies.items():
                    own = [reply for reply in batch if reply.cohort == cohort]
                    tally.add(run.id, own, screen, split, replies)
        subsets = [tally.subset(replies.undone[tally.cohort]) for tally in tallies.values()]
        _check_any_rows(run, subsets)
        write_data_card(
            folder,
            source_of(run),
            subsets,
            writer.configurations,
            prompts=prompts,
            system=system,
            columns=columns,
            split=split,
        )
    return subsets


class _Tally:
    """One subset while it is written."""

    def __init__(self, cohort: str, identifier: str, columns: Columns, writer: SetWriter) -> None:
        self.cohort = cohort
        self._columns = columns
        self._identifier = identifier
        self._part = writer.open(f"format_sft_{identifier}", _schema(identifier, columns))
        self._left_out: Counter[str] = Counter()
        self._facts: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._tokens = 0

    def add(
        self,
        run: str,
        replies: Sequence[RecordedReply],
        screen: Screen,
        split: Split,
        reader: ReplyReader,
    ) -> None:
        """Screen replies and write those that are taken."""
        pairs = []
        for outcome in map(screen, replies):
            if isinstance(outcome, str):
                self._left_out[outcome] += 1
            else:
                pairs.append(outcome)
        sides = [_side(run, pair.reply, split, reader) for pair in pairs]
        self._part.write([self._row(run, pair) for pair in pairs], sides)
        for pair in pairs:
            self._count(pair)

    def subset(self, undone: Counter[str]) -> Subset:
        """Say what was written; `undone` are replies that were never done."""
        return Subset(
            name=self._part.name,
            type=self.cohort,
            file=next(iter(self._part.files.values()), None),
            rows=sum(self._part.rows.values()),
            cut=self._facts["at_limit"],
            shortened=self._facts["shortened"],
            cleaned=self._facts["cleaned"],
            models=self._models,
            tokens=self._tokens,
            left_out=dict(undone + self._left_out),
            splits={side: self._part.rows[side] for side in self._part.files},
        )

    def _count(self, pair: ChatPair) -> None:
        for fact in ("at_limit", "shortened", "cleaned"):
            self._facts[fact] += getattr(pair, fact)
        if pair.reply.call:
            self._models[pair.reply.call.model] += 1
            self._tokens = max(self._tokens, pair.reply.call.tokens)

    def _row(self, run: str, pair: ChatPair) -> dict[str, Any]:
        reply = pair.reply
        row: dict[str, Any] = {
            "post": reply.post,
            "persona": reply.persona,
            f"interaction_{self._identifier}": reply.text,
        }
        if self._columns == "prompt-completion":
            row |= {"prompt": pair.prompt, "completion": pair.completion}
        else:
            row["messages"] = pair.prompt + pair.completion
        if self._columns == "distilabel":
            user = pair.prompt[-1]["content"]
            row |= {"prompt": user, "prompt_id": hashlib.sha256(user.encode()).hexdigest()}
        return row | {name: value(run, reply) for name, (_, value) in _PROVENANCE.items()}


def _side(run: str, reply: RecordedReply, split: Split, reader: ReplyReader) -> str:
    first = reader.posts.get(reply.root) if split.keep_together == "thread" else None
    return split.side(reply.persona_id, thread_name(run, reply.root, first))


def _schema(identifier: str, columns: Columns) -> pa.Schema:
    chats = ("prompt", "completion") if columns == "prompt-completion" else ("messages",)
    texts = ["post", "persona", f"interaction_{identifier}"]
    if columns == "distilabel":
        texts += ["prompt", "prompt_id"]
    fields = [(name, MESSAGES) for name in chats] + [(name, pa.string()) for name in texts]
    return pa.schema([*fields, *((name, kind) for name, (kind, _) in _PROVENANCE.items())])


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
    raise EmptyExportError(
        f"every reply of run {run.id} is left out ({causes}); take replies with flags by "
        "--include-marked, those at the limit by --at-limit cut or keep, those without a recorded "
        "prompt by --prompts post"
    )
