"""Reads the replies of a run, each with the post that it answers and the call that gave it."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from simnet.errors import RecordError
from simnet.inference.model import USABLE
from simnet.inference.reasoning import separate_reasoning
from simnet.recording.reading.run import Run
from simnet.world.events import DONE, FAILED

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


def replies_of(run: Run) -> tuple[list[RecordedReply], Mapping[str, Counter[str]]]:
    """Return the replies of a run in the order of their events, with their calls.

    The counters tell, for each cohort that replied, how many replies were refused and how many
    turns failed, which would perhaps have been replies. Memory holds the replies with their
    prompts, and the texts of all posts. Raises RecordError if a reply's post or persona is not in
    the record.
    """
    events = run.table("events").to_table(columns=list(_EVENTS))
    replying = [verb for verb, relation in run.relations.items() if relation == "reply"]
    rows = events.filter(pc.is_in(events["verb"], pa.array(replying, pa.string()))).to_pylist()
    failed = events.filter(pc.equal(events["outcome"], FAILED))["cohort"].to_pylist()
    texts, portraits = _post_texts(events), _portraits(run)
    undone: dict[str, Counter[str]] = {row["cohort"]: Counter() for row in rows}
    for cohort in filter(undone.__contains__, failed):
        undone[cohort][FAILED] += 1
    firsts = _firsts(events, rows)
    found = []
    for row in rows:
        if row["outcome"] != DONE:
            undone[row["cohort"]][row["outcome"]] += 1
            continue
        if row["post"] not in texts:
            raise RecordError(f"run {run.id}: post {row['made']} answers a post that is not there")
        if row["who"] not in portraits:
            raise RecordError(f"run {run.id}: no persona {row['who']!r} in the table of personas")
        first = firsts.get((row["who"], row["turn"]), row)
        found.append(_reply(row, first, texts[row["post"]], portraits[row["who"]]))
    calls = _calls(run, {(reply.persona_id, reply.turn) for reply in found})
    return [reply._replace(call=_call_of(reply, calls)) for reply in found], undone


_Turn: TypeAlias = tuple[str, int | None]


def _firsts(
    events: pa.Table, rows: Sequence[Mapping[str, Any]]
) -> Mapping[_Turn, Mapping[str, Any]]:
    """Return the first row of each turn that has later ones: it has the flags and the feed."""
    who = pa.array(sorted({row["who"] for row in rows if row["part"]}), pa.string())
    turns = {(row["who"], row["turn"]) for row in rows if row["part"]}
    owned = pc.and_(pc.is_in(events["who"], who), pc.equal(events["part"], 0))
    firsts = events.filter(owned).to_pylist()
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
    )


def _post_texts(events: pa.Table) -> dict[int, str]:
    made = events.filter(pc.is_valid(events["made"])).select(["made", "text"])
    texts = (text or "" for text in made["text"].to_pylist())
    return dict(zip(made["made"].to_pylist(), texts, strict=True))


def _portraits(run: Run) -> dict[str, str]:
    rows = run.read("personas").select(["id", "portrait"]).to_pylist()
    return {row["id"]: row["portrait"] for row in rows}


def _calls(run: Run, turns: Collection[_Turn]) -> dict[_Turn, list[ServedCall]]:
    """Read the usable calls of some turns, those of one turn in their order."""
    found: dict[_Turn, list[ServedCall]] = {}
    who = pa.array(sorted({who for who, _ in turns}), pa.string())
    batches = (batch.filter(pc.is_in(batch["who"], who)) for batch in run.prompts(list(_CALLS)))
    for row in chain.from_iterable(batch.to_pylist() for batch in batches):
        turn = (row["who"], row["turn"])
        if turn in turns and row["finish"] in USABLE:
            fields = {name: row[name] for name in ServedCall._fields[:-1]}
            counts = (row["prompt_tokens"], row["output_tokens"])
            tokens = 0 if None in counts else sum(counts)
            found.setdefault(turn, []).append(ServedCall(**fields, tokens=tokens))
    return found


def _call_of(
    reply: RecordedReply, calls: Mapping[_Turn, Sequence[ServedCall]]
) -> ServedCall | None:
    """Find the last call of the turn whose completion has the text of the reply."""
    if reply.turn is None:
        return None
    sought = _letters(reply.text)[:_COMPARED]
    for call in reversed(calls.get((reply.persona_id, reply.turn), ())):
        if sought in _letters(call.completion):
            return call
    return None


def _letters(text: str) -> str:
    """Drop all but letters and digits, since reading a reply may drop spaces and punctuation."""
    return "".join(filter(str.isalnum, text))
