"""Recorded replies, found by agent, turn and call.

They are loaded once, and each process gets those of its agents: one Arrow column for each field
of a reply and one array of sorted keys, with no Python object for a row. A prompt that differs
from the recorded one ends the run with DivergenceError.
"""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from difflib import unified_diff
from itertools import islice
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simnet.agents.prompting.fitting import Failure
from simnet.agents.reply_flags import CODE_ERROR
from simnet.clock import format_time
from simnet.errors import DivergenceError, RecordError
from simnet.inference.model import RECORDED_FIELDS, Completion, Prompt
from simnet.recording.reading.recorded_people import RecordedPeople
from simnet.recording.reading.run import Run
from simnet.recording.schema import arrow_schema, column_of
from simnet.world.events import FAILED
from simnet.world.state.posts import View
from simnet.world.verbs import Pass

_KEY = ("who", "turn", "call")
_LOADED = (*_KEY, "time", "prompt_hash", "completion", *RECORDED_FIELDS[1:])
_CALL_BITS = 20
_DIFF_LINES = 40
ADVICE = (
    "the scenario, its data, a library or simnet is not what the run was recorded with; go on "
    "with those, or fork the run"
)


Turn: TypeAlias = tuple[str, int]
"""Handle, and number of the turn."""


class _RecordedPrompt(NamedTuple):
    """The prompt of a recorded call."""

    system: str
    user: str
    pattern: str | None
    seed: int
    adapter: str | None


class Recorded:
    """The recorded replies of some agents, or of all."""

    def __init__(
        self,
        run: Run,
        rows: pa.Table,
        failures: Mapping[Turn, Failure],
        people: RecordedPeople = RecordedPeople(),  # noqa: B008  (never changed)
    ) -> None:
        """Take rows of `calls`, with the columns that `load` loads, and turns that failed."""
        self._run = run
        self._people = people
        self._failures = failures
        self._table = rows
        names = rows["who"].combine_chunks().dictionary_encode()
        whose = names.indices.to_numpy()
        keys = (rows["turn"].to_numpy() << _CALL_BITS) | rows["call"].to_numpy()
        order = np.lexsort((keys, whose))  # stable: of repeats the first comes first
        self._rows = order
        self._keys = array("q", keys[order].tobytes())
        ends = np.cumsum(np.bincount(whose, minlength=len(names.dictionary))).tolist()
        spans = zip([0, *ends[:-1]], ends, strict=False)
        self._spans = dict(zip(names.dictionary.to_pylist(), spans, strict=True))
        self._hashes = rows["prompt_hash"]
        self._times = rows["time"]
        self._replies = [rows["completion"], *(rows[name] for name in RECORDED_FIELDS[1:])]

    @classmethod
    def load(cls, run: Run, seats: Collection[str] = ()) -> Self:
        """Load the calls of a run; people may take the handles in `seats` when it goes on.

        Raises RecordError when they cannot be read.
        """
        schema = arrow_schema("calls")
        chunks = [pa.schema([schema.field(name) for name in _LOADED]).empty_table()]
        chunks += [table_slice.load() for table_slice in run.slices("calls", _LOADED)]
        people = RecordedPeople.load(run, seats)
        return cls(run, pa.concat_tables(chunks), _failures(run), people)

    def of(self, who: Collection[str]) -> "Recorded":
        """Select the replies to some agents, for the process that hosts them."""
        wanted = pc.is_in(self._table["who"], pa.array(who, pa.string()))
        theirs = set(who)
        failures = {turn: how for turn, how in self._failures.items() if turn[0] in theirs}
        return Recorded(self._run, self._table.filter(wanted), failures, self._people.of(theirs))

    def __reduce__(self) -> tuple[object, ...]:
        return Recorded, (self._run, self._table, self._failures, self._people)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, view: View, call: int, prompt: Prompt) -> Completion | None:
        """Return the recorded reply to a call of the turn of `view`, None if there is none.

        Raises DivergenceError, with the agent, the turn, the time and a diff, when `prompt`
        or the time differs from the recorded one.
        """
        row = self._row(view, call)
        if row is None:
            return None
        if (recorded := self._times[row].as_py()) != view.now:
            raise DivergenceError(
                f"{self._run.id}: turn {view.turn} of @{view.who} began at {recorded!r} s and "
                f"now begins at {view.now!r} s\n{ADVICE}"
            )
        if self._hashes[row].as_py() != prompt.digest():
            raise self._diverged(view, call, prompt)
        return Completion(*[column[row].as_py() for column in self._replies])

    def prompt_digest(self, view: View, call: int) -> str | None:
        """Return the digest of the prompt of that call, None if there is none."""
        row = self._row(view, call)
        return None if row is None else str(self._hashes[row].as_py())

    def failure(self, view: View) -> Failure | None:
        """Return how the turn of `view` failed in the user's code, None if it did not."""
        return self._failures.get((view.who, view.turn))

    def asked_person(self, view: View) -> bool | None:
        """Tell whether a person was asked in the turn of `view`, None if it is not recorded."""
        asked, last = self._people
        if not asked and not last:  # hot: in most runs there are no people
            return None
        if (view.who, view.turn) in asked:
            return True
        known = view.turn <= last.get(view.who, -1) or self._row(view, 0) is not None
        return False if known else None

    def _row(self, view: View, call: int) -> int | None:
        start, end = self._spans.get(view.who, (0, 0))
        key = (view.turn << _CALL_BITS) | call
        position = bisect_left(self._keys, key, start, end)
        if position == end or self._keys[position] != key:
            return None
        return int(self._rows[position])

    def _diverged(self, view: View, call: int, prompt: Prompt) -> DivergenceError:
        try:
            recorded = _recorded_prompt(self._run, view, call)
            difference = "\n".join(_differences(recorded, prompt))
        except RecordError as error:  # the host of an agent may not have the record's files
            difference = f"(the recorded prompt cannot be shown: {error})"
        return DivergenceError(
            f"{self._run.id}: call {call} of turn {view.turn} of @{view.who} at "
            f"{format_time(view.now)}: the prompt is not the one that was recorded\n{difference}\n"
            f"{ADVICE}"
        )


def _failures(run: Run) -> dict[Turn, Failure]:
    """Find the turns that failed in the user's code, which may not fail there again."""
    columns = ["who", "turn", "part", "verb", "outcome", "marks", "reason"]
    found: dict[Turn, Failure] = {}
    for table_slice in run.slices("events", columns):
        rows = table_slice.load()
        for row in rows.filter(pc.equal(rows["outcome"], FAILED)).to_pylist():
            whole = row["turn"] is not None and row["part"] == 0 and row["verb"] == Pass.verb
            if whole and CODE_ERROR in row["marks"]:
                failure = Failure(tuple(row["marks"]), row["reason"])
                found.setdefault((row["who"], row["turn"]), failure)
    return found


def _recorded_prompt(run: Run, view: View, call: int) -> _RecordedPrompt:
    wanted = (view.who, view.turn, call)
    matches = pc.scalar(True)  # noqa: FBT003  (an Arrow expression)
    for name, value in zip(_KEY, wanted, strict=True):
        matches &= pc.field(name) == value
    columns = [*_KEY, *(column_of("calls", name) for name in _RecordedPrompt._fields)]
    for table_slice in run.slices("calls", columns):
        found = table_slice.load().filter(matches)
        if found.num_rows:
            (row,) = found.slice(0, 1).to_pylist()
            row["system"] = run.prompt_text(row[column_of("calls", "system")])
            return _RecordedPrompt(*(row[name] for name in _RecordedPrompt._fields))
    raise RecordError(f"{run.path}: the call {call} of turn {view.turn} of @{view.who} is gone")


def _differences(recorded: _RecordedPrompt, prompt: Prompt) -> Iterator[str]:
    found = False
    for name in _RecordedPrompt._fields:
        before, now = getattr(recorded, name), getattr(prompt, name)
        if before != now:
            found = True
            yield from islice(_diff(name, before, now), _DIFF_LINES)
    if not found:
        yield (
            f"the texts are the same; temperature={prompt.temperature} or "
            f"max_tokens={prompt.max_tokens} differs from the recorded call"
        )


def _diff(name: str, before: Any, now: Any) -> Iterator[str]:
    return unified_diff(
        str(before).splitlines(),
        str(now).splitlines(),
        f"{name}, recorded",
        f"{name}, now",
        n=1,
        lineterm="",
    )
