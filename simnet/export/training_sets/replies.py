"""Reads the replies of a run, each with the post that it answers and the call that gave it."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.agents.adherence import JUDGE
from simnet.errors import RecordError
from simnet.inference.model import USABLE
from simnet.inference.replies.reasoning import separate_reasoning
from simnet.recording.reading.run import Run
from simnet.world.events import DONE, FAILED

if TYPE_CHECKING:
    import pyarrow.dataset as pds

BATCH = 20_000
"""Replies that are read at once, with their prompts."""
_COMPARED = 40
"""Letters and digits of a reply by which the call that gave it is found."""
_LIMIT = re.compile(r"\{0,(\d+)\}")
"""The repetition in a pattern that follows the first character of a text."""
_EVENTS = (
    "who",
    "cohort",
    "turn",
    "part",
    "verb",
    "outcome",
    "post",
    "made",
    "root",
    "text",
    "marks",
    "shown",
)
_CALLS = (
    "who", "turn", "call", "model", "adapter", "prompt_hash", "system", "user", "pattern",
    "completion", "finish", "prompt_tokens", "output_tokens",
)  # fmt: skip


class ServedCall(NamedTuple):
    """The model call that gave a reply: fields of a Call, by their names."""

    model: str
    adapter: str | None
    prompt_hash: str
    system: str
    user: str
    pattern: str | None
    completion: str
    finish: str
    tokens: int
    """Tokens of the prompt and the completion, as the model counted them; 0 if it did not."""


class RecordedReply(NamedTuple):
    """One reply that was done in the world."""

    cohort: str
    persona_id: str
    turn: int | None
    """None for a reply that a cue made."""
    event: int
    """The post that the reply made; the column `made` of `events`."""
    verb: str
    number: int | None
    """Number of the answered post in the feed, from 1. None if the feed did not show it."""
    post: str
    """Text of the answered post."""
    persona: str
    """Portrait of the persona."""
    text: str
    flags: tuple[str, ...]
    call: ServedCall | None = None
    """None if no model call of the turn contains the text: rules, cues, shared replies."""
    root: int | None = None
    """The post that began the thread."""
    answers: int | None = None
    """Number of the answered post in the run."""

    @property
    def at_limit(self) -> bool:
        """Whether the completion ran out of tokens, or the text has all characters allowed."""
        if self.call is None:
            return False
        limit = _LIMIT.search(self.call.pattern or "")
        full = limit is not None and len(separate_reasoning(self.text).text) > int(limit[1])
        return full or self.call.finish == "length"

    def served(self) -> str | None:
        """Write the reply as the model had to write it, such as `reply 1: Yes.`.

        Returns None if no such form matches the pattern that the call was given.
        """
        if self.call is None:
            return None
        if self.call.pattern is None:
            return self.text
        forms = (self.text, *self._lines(self.call.completion))
        return next((form for form in forms if re.fullmatch(self.call.pattern, form)), None)

    def _lines(self, completion: str) -> Iterator[str]:
        """Yield lines of the verbs' grammar that may have been meant, the likeliest first."""
        for line in separate_reasoning(completion).text.splitlines():
            before = re.match(rf".*?\b({re.escape(self.verb)})\b([^:\uff1a]*)", line, re.IGNORECASE)
            if before:
                words = re.findall(r"\w+", before[2].lower())
                yield f"{' '.join([self.verb, *words])}: {self.text}"
        if self.number is not None:
            yield f"{self.verb} {self.number}: {self.text}"


class ReplyReader:
    """Reads the replies of a run in the order of their events, batch by batch, with their calls.

    Memory holds the texts of all posts, and of one batch the replies with their prompts. Each
    batch reads the calls of the run once.
    """

    def __init__(self, run: Run, size: int = BATCH) -> None:
        self._run = run
        self._size = size
        replying = [verb for verb, relation in run.relations.items() if relation == "reply"]
        # what is said first in a discussion answers nothing
        is_reply = pc.field("verb").isin(pa.array(replying, pa.string())) & (
            pc.field("post").is_valid() | (pc.field("outcome") != DONE)
        )
        events = run.table("events")
        self._rows = events.to_table(columns=list(_EVENTS), filter=is_reply)
        self.posts = PostTexts(events)
        self._portraits = _portraits(run, pc.unique(self._rows["who"]))
        self._firsts = _firsts(events, self._rows)
        self.undone = _undone(events, self._rows)
        """For each cohort that replied, how many replies were refused, and how many turns failed,
        which would perhaps have been replies."""

    def __len__(self) -> int:
        """Count the replies that were done."""
        return int(pc.sum(pc.equal(self._rows["outcome"], DONE)).as_py() or 0)

    def batches(
        self, *, with_calls: bool = True, only: Collection[int] | None = None
    ) -> Iterator[list[RecordedReply]]:
        """Yield the replies that were done, or those of them whose events are in `only`.

        Raises RecordError if a reply's post or persona is not in the record.
        """
        done = self._rows.filter(pc.equal(self._rows["outcome"], DONE))
        if only is not None:
            done = done.filter(pc.is_in(done["made"], pa.array(sorted(only), pa.int64())))
        for start in range(0, len(done), self._size):
            rows = done.slice(start, self._size).to_pylist()
            found = [self._reply(row) for row in rows]
            if with_calls:
                calls = calls_of(self._run, {(reply.persona_id, reply.turn) for reply in found})
                found = [
                    reply._replace(call=call_of(reply.persona_id, reply.turn, reply.text, calls))
                    for reply in found
                ]
            yield found

    def _reply(self, row: Mapping[str, Any]) -> RecordedReply:
        post, portrait = self.posts.get(row["post"]), self._portraits.get(row["who"])
        if post is None:
            raise RecordError(
                f"run {self._run.id}: post {row['made']} answers a post that is not there"
            )
        if portrait is None:
            raise RecordError(
                f"run {self._run.id}: no persona {row['who']!r} in the table of personas"
            )
        return _reply(row, self._firsts.get((row["who"], row["turn"]), row), post, portrait)


def replies_of(run: Run) -> tuple[list[RecordedReply], Mapping[str, Counter[str]]]:
    """Return all replies of a run and what was left undone; see ReplyReader, which holds less."""
    reader = ReplyReader(run)
    return list(chain.from_iterable(reader.batches())), reader.undone


class PostTexts:
    """The texts of all posts, kept compactly; a post without a text has an empty one."""

    def __init__(self, events: "pds.Dataset") -> None:
        made = events.to_table(columns=["made", "text"], filter=pc.field("made").is_valid())
        large = made["text"].cast(pa.large_string())  # more than 2 GiB may be in one chunk
        made = made.set_column(1, "text", large).combine_chunks().sort_by("made")
        self._numbers = made["made"].to_numpy()
        self._texts = made["text"]

    def get(self, post: int | None) -> str | None:
        """Return the text of a post; None if it is not in the record."""
        if post is None:
            return None
        place = int(np.searchsorted(self._numbers, post))
        if place == len(self._numbers) or self._numbers[place] != post:
            return None
        return self._texts[place].as_py() or ""


Turn: TypeAlias = tuple[str, int | None]
"""A persona and the number of its turn."""


def _undone(events: "pds.Dataset", rows: pa.Table) -> dict[str, Counter[str]]:
    undone = {cohort: Counter[str]() for cohort in pc.unique(rows["cohort"]).to_pylist()}
    failed = events.to_table(columns=["cohort"], filter=pc.field("outcome") == FAILED)
    for row in pc.value_counts(failed["cohort"]).to_pylist():
        if row["values"] in undone:
            undone[row["values"]][FAILED] += row["counts"]
    others = pa.array([DONE, FAILED], pa.string())
    refused = rows.filter(pc.invert(pc.is_in(rows["outcome"], others)))
    for row in refused.group_by(["cohort", "outcome"]).aggregate([([], "count_all")]).to_pylist():
        undone[row["cohort"]][row["outcome"]] += row["count_all"]
    return undone


def _firsts(events: "pds.Dataset", rows: pa.Table) -> Mapping[Turn, Mapping[str, Any]]:
    """Return the first row of each turn that has later ones: it has the flags and the feed."""
    later = rows.filter(pc.greater(rows["part"], 0)).select(["who", "turn"]).to_pylist()
    turns = {(row["who"], row["turn"]) for row in later}
    if not turns:
        return {}
    who = pa.array(sorted({name for name, _ in turns}), pa.string())
    owned = pc.field("who").isin(who) & (pc.field("part") == 0)
    columns = ["who", "turn", "marks", "shown"]
    firsts = events.to_table(columns=columns, filter=owned).to_pylist()
    return {turn: row for row in firsts if (turn := (row["who"], row["turn"])) in turns}


def _reply(
    row: Mapping[str, Any], first: Mapping[str, Any], post: str, portrait: str
) -> RecordedReply:
    shown = first["shown"]
    return RecordedReply(
        cohort=row["cohort"],
        persona_id=row["who"],
        turn=row["turn"],
        event=row["made"],
        verb=row["verb"],
        number=shown.index(row["post"]) + 1 if row["post"] in shown else None,
        post=post,
        persona=portrait,
        text=row["text"] or "",
        flags=tuple(first["marks"]),
        root=row["root"],
        answers=row["post"],
    )


def _portraits(run: Run, people: pa.Array) -> dict[str, str]:
    own = pc.field("id").isin(people)
    rows = run.table("personas").to_table(columns=["id", "portrait"], filter=own).to_pylist()
    return {row["id"]: row["portrait"] for row in rows}


def calls_of(run: Run, turns: Collection[Turn]) -> dict[Turn, list[ServedCall]]:
    """Read the usable calls of some turns, those of one turn in their order."""
    found: dict[Turn, list[ServedCall]] = {}
    who = pa.array(sorted({who for who, _ in turns}), pa.string())
    batches = (batch.filter(pc.is_in(batch["who"], who)) for batch in run.prompts(list(_CALLS)))
    for row in chain.from_iterable(batch.to_pylist() for batch in batches):
        turn = (row["who"], row["turn"])
        if turn in turns and row["finish"] in USABLE and row["system"] != JUDGE:
            fields = {name: row[name] for name in ServedCall._fields[:-1]}
            counts = (row["prompt_tokens"], row["output_tokens"])
            tokens = 0 if None in counts else sum(counts)
            found.setdefault(turn, []).append(ServedCall(**fields, tokens=tokens))
    return found


def call_of(
    who: str, turn: int | None, text: str, calls: Mapping[Turn, Sequence[ServedCall]]
) -> ServedCall | None:
    """Find the last call of a turn whose completion has the text of a post."""
    if turn is None:
        return None
    sought = _letters(text)[:_COMPARED]
    for call in reversed(calls.get((who, turn), ())):
        if sought in _letters(call.completion):
            return call
    return None


def _letters(text: str) -> str:
    """Drop all but letters and digits, since reading a reply may drop spaces and punctuation."""
    return "".join(filter(str.isalnum, text))
