"""Conversations: each thread as its authors lived it, one chat for each of them.

The posts of an author are the turns of the assistant, those of all others between two of them one
turn of the user, each post on a line of its own with its author: `@ben: Yes.`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from simnet.agents import reply_flags
from simnet.agents.profile import Flagger
from simnet.errors import EmptyExportError, UsageError
from simnet.export.folders.card_parts import (
    check_hub,
    configurations,
    heading,
    source_lines,
    source_of,
    split_lines,
    write_hub_card,
)
from simnet.export.folders.folder import written_folder
from simnet.export.folders.set_writer import MESSAGES, SetWriter, identifiers, set_writer
from simnet.export.folders.splits import KeepTogether, Split, thread_name
from simnet.export.folders.summary import Exported, empty_side_note, rows_by_split
from simnet.export.training_sets.screening import LEFT_OUT, REASONING, special_tokens
from simnet.foundation.arguments import checked
from simnet.foundation.text import neutralise
from simnet.inference.replies.reasoning import separate_reasoning
from simnet.recording.reading.run import Run
from simnet.world.events import DONE

ThreadSystem: TypeAlias = Literal["portrait", "none"]
"""The system message of a conversation: the persona's portrait, or none."""
NO_TURN = "answering nobody"
"""Cause for which an author's part in a thread is no conversation: nobody wrote before."""
_SCHEMA = pa.schema(
    [
        ("messages", MESSAGES),
        ("run", pa.string()),
        ("thread", pa.int64()),
        ("persona_id", pa.string()),
        ("persona", pa.string()),
        ("cohort", pa.string()),
        ("events", pa.list_(pa.int64())),
        ("posts", pa.int64()),
        ("shortened", pa.bool_()),
    ]
)
_BATCH = 1_000
_COLUMNS = ("made", "root", "who", "cohort", "text", "marks")


class _Post(NamedTuple):
    """One post of a thread, with its text as it is shown."""

    made: int
    root: int
    who: str
    cohort: str
    text: str
    marks: tuple[str, ...]
    reasoned: bool
    """Whether it is nothing but reasoning."""
    recorded: str
    """Its text as it was recorded."""


class _Choices(NamedTuple):
    longest: int
    include_marked: bool
    leave_out: tuple[str, ...]
    flagger: Flagger | None


@checked
def export_threads(
    run: Run,
    out: Path | str,
    *,
    force: bool = False,
    system: ThreadSystem = "none",
    longest: int = 50,
    include_marked: bool = False,
    leave_out: Collection[str] = (),
    flagger: Flagger | None = None,
    validation: float = 0.0,
    keep_together: KeepTogether = "thread",
    split_seed: int = 0,
) -> Exported:
    """Write each thread as one chat for each of its authors, one subset for each cohort.

    A chat has the posts of the thread in order of time up to the author's last; the author's are
    the assistant's turns. Posts that the author wrote before anyone else are part of the first
    user's turn, because chats begin with one. Of a thread with more than `longest` posts the first
    and the newest are kept. There is no `system` message by default, so that an adapter of a type
    of follower needs no portrait when it is used.

    A chat with a turn of the assistant that has a flag of LEFT_OUT (or ran into a limit) is left
    out unless `include_marked`, one with a flag of `leave_out` always. `validation`,
    `keep_together` and `split_seed` are as in Split. Memory holds the texts of all posts.

    Raises UsageError as `export_sft` does, and EmptyExportError if there is no conversation.
    """
    check_hub()
    if longest < 2:
        raise UsageError(f"a conversation of {longest} posts has no reply; give longest=2 or more")
    split = Split(validation, keep_together, split_seed)
    choices = _Choices(longest, include_marked, tuple(leave_out), flagger)
    posts = _posts(run)
    portraits = dict(_portraits(run))
    names = identifiers(sorted(set(posts["cohort"].to_pylist())))
    left_out: Counter[str] = Counter()
    with written_folder(Path(out), force=force) as folder:
        with set_writer(folder) as writer:
            _write(run, posts, portraits, names, writer, split, choices, system, left_out)
        parts = writer.configurations
        if not any(part.files for part in parts):
            causes = ", ".join(f"{count} {cause}" for cause, count in sorted(left_out.items()))
            raise EmptyExportError(
                f"run {run.id} has no conversation to export ({causes or 'there are no posts'})"
            )
        body = _body(run, parts, split, choices, left_out, system)
        write_hub_card(folder, configurations(parts), body)
    notes = empty_side_note(parts, validation)
    return Exported(Path(out), rows_by_split(parts), dict(left_out), notes)


def _posts(run: Run) -> pa.Table:
    """Read the posts of all threads, thread by thread, in order of time."""
    made = pc.field("made").is_valid() & (pc.field("outcome") == DONE)
    rows = run.table("events").to_table(columns=list(_COLUMNS), filter=made)
    return rows.sort_by([("root", "ascending"), ("made", "ascending")])


def _portraits(run: Run) -> Iterator[tuple[str, str]]:
    for batch in run.batches("personas", ["id", "portrait"]):
        yield from zip(batch["id"].to_pylist(), batch["portrait"].to_pylist(), strict=True)


def _threads(posts: pa.Table) -> Iterator[list[_Post]]:
    """Yield the posts of each thread, which are next to each other in the table."""
    rows = (row for batch in posts.to_batches(max_chunksize=10_000) for row in batch.to_pylist())
    for _, thread in groupby(rows, key=lambda row: row["root"]):
        yield [_post(row) for row in thread]


def _post(row: Mapping[str, Any]) -> _Post:
    text = row["text"] or ""
    clean = separate_reasoning(text).text
    return _Post(
        row["made"], row["root"], row["who"], row["cohort"],
        neutralise(clean), tuple(row["marks"]), bool(text) and not clean, text,
    )  # fmt: skip


def _write(
    run: Run,
    posts: pa.Table,
    portraits: Mapping[str, str],
    names: Mapping[str, str],
    writer: SetWriter,
    split: Split,
    choices: _Choices,
    system: ThreadSystem,
    left_out: Counter[str],
) -> None:
    parts = {cohort: writer.open(f"threads_{name}", _SCHEMA) for cohort, name in names.items()}
    waiting: dict[str, list[tuple[dict[str, Any], str]]] = {cohort: [] for cohort in names}

    def flush(cohort: str) -> None:
        rows, sides = [row for row, _ in waiting[cohort]], [side for _, side in waiting[cohort]]
        parts[cohort].write(rows, sides)
        waiting[cohort].clear()

    for thread in _threads(posts):
        first = thread[0]
        begun = first.recorded if first.made == first.root else None
        name = thread_name(run.id, first.root, begun)
        last = {post.who: place for place, post in enumerate(thread)}
        for author, place in last.items():
            outcome = conversation(thread, place, choices)
            if isinstance(outcome, str):
                left_out[outcome] += 1
                continue
            cohort = thread[place].cohort
            portrait = portraits.get(author, "")
            row = outcome | {"run": run.id, "persona_id": author, "persona": portrait}
            if system == "portrait":
                own = {"role": "system", "content": neutralise(portrait)}
                row["messages"] = [own, *row["messages"]]
            waiting[cohort].append((row | {"cohort": cohort}, split.side(author, name)))
            if len(waiting[cohort]) >= _BATCH:
                flush(cohort)
    for cohort in names:
        flush(cohort)


def conversation(thread: Sequence[_Post], last: int, choices: _Choices) -> dict[str, Any] | str:
    """Return a thread as a chat up to the last post of an author, whose place is `last`.

    Returns the cause where it is left out.
    """
    author = thread[last].who
    shortened = last + 1 > choices.longest
    seen = list(thread[last + 2 - choices.longest : last + 1] if shortened else thread[: last + 1])
    if shortened:
        seen.insert(0, thread[0])
    others = next((place for place, post in enumerate(seen) if post.who != author), None)
    if others is None:
        return NO_TURN
    turns = seen[others:]
    cause = next(filter(None, (_flaw(post, author, choices) for post in turns)), None)
    if cause is not None:
        return cause
    messages = []
    spoken = [(post.who == author and place >= others, post) for place, post in enumerate(seen)]
    for own, group in groupby(spoken, key=lambda one: one[0]):
        lines = [post.text if own else f"@{post.who}: {post.text}" for _, post in group]
        messages.append({"role": "assistant" if own else "user", "content": "\n".join(lines)})
    return {
        "messages": messages,
        "thread": thread[0].root,
        "events": [post.made for post in turns if post.who == author],
        "posts": len(seen),
        "shortened": shortened,
    }


def _flaw(post: _Post, author: str, choices: _Choices) -> str | None:
    """Return why a post keeps a chat out of the set."""
    if special_tokens(post.text) and not choices.include_marked:
        return reply_flags.GARBLED
    if post.who != author:
        return None
    if post.reasoned:
        return REASONING
    flags = {*post.marks, *reply_flags.text_flags(post.text)}
    flags.update(reply_flags.own_flags(choices.flagger, post.text))
    usual = () if choices.include_marked else (*LEFT_OUT, reply_flags.AT_LIMIT)
    return next((cause for cause in (*usual, *choices.leave_out) if cause in flags), None)


def _body(
    run: Run,
    parts: Sequence[Any],
    split: Split,
    choices: _Choices,
    left_out: Mapping[str, int],
    system: ThreadSystem,
) -> list[str]:
    source = source_of(run)
    first = next(part for part in parts if part.files)
    load = f'datasets.load_dataset(DIR, "{first.name}", split="{next(iter(first.files))}")'
    lines = [f"- {count} {cause}" for cause, count in sorted(left_out.items())]
    message = "the persona's portrait" if system == "portrait" else "none"
    return [
        heading("Conversations of simulated personas", source), "",
        "Threads of a simulated social network, each as one chat from the point of view of each",
        "of its authors, whose posts are the assistant's turns. One subset for each cohort.", "",
        "```python", load, "```", "",
        f"System message: {message}. The posts of others between two turns of the assistant are",
        "one turn of the user, each on a line with its author. A chat ends with the author's last",
        f"post. Of more than {choices.longest} posts the first and the newest are kept",
        "(`shortened`).", "",
        "TRL's `SFTTrainer` takes a subset as it is; its loss is on all turns unless",
        "`assistant_only_loss=True` is set.", "",
        "Chats left out:" if lines else "No chat was left out.", "", *lines, "",
        *split_lines(parts, split.describe()), "",
        "## Columns", "",
        "- `messages`: the chat. `events`: the posts that the assistant's turns are, `made` in",
        "  the run's `events`. `thread`: the post that began it. `posts`: their number.",
        "- `run`, `persona_id`, `persona` (the portrait), `cohort`.", "",
        *source_lines(source),
    ]  # fmt: skip
