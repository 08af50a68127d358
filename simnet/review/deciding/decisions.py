"""Decisions of annotators, and the state that follows from them when some are undone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import Any, Literal, NamedTuple, TypeAlias

from simnet.review.questions import Answer

Action: TypeAlias = Literal["submit", "discard", "undo"]
Status: TypeAlias = Literal["pending", "submitted", "discarded"]

Decided: TypeAlias = Mapping[str, Mapping[str, "Decision"]]
"""The decisions that hold: by annotator, then by record."""

STATUSES: tuple[Status, ...] = ("pending", "submitted", "discarded")
KEPT: tuple[Status, ...] = ("submitted",)
"""The statuses of the records that an export has unless others are named."""
STATUS_OF: Mapping[str, Status] = {"submit": "submitted", "discard": "discarded"}


class Decision(NamedTuple):
    """One decision of one annotator, as it is kept for good."""

    number: int
    """Counts the decisions of this annotator, from 1."""
    time: datetime
    """When it was made, in UTC."""
    annotator: str
    """Name of who decided."""
    record: str
    """The id of the record; of an undo, that of the decision that it takes back."""
    action: Action
    """What was decided, or that a decision is taken back."""
    answers: Mapping[str, Answer]
    """Answers by the names of questions; empty for an undo."""
    undoes: int | None = None
    """The number of the decision that an undo takes back."""
    origin: str | None = None
    """The tool that it was imported from; None if it was made here."""

    @property
    def status(self) -> Status:
        """What the decision makes of the record."""
        return STATUS_OF.get(self.action, "pending")

    def row(self) -> dict[str, Any]:
        """Return it as a row of the log."""
        return self._asdict() | {"answers": json.dumps(dict(self.answers), ensure_ascii=False)}


def decisions_of(columns: Sequence[Sequence[Any]]) -> list[Decision]:
    """Make decisions of columns of the log, which are in the order of the fields."""
    by_name = dict(zip(Decision._fields, columns, strict=True))
    by_name["answers"] = json.loads(f"[{','.join(by_name['answers'])}]")  # far faster than each
    return list(map(Decision._make, zip(*by_name.values(), strict=True)))


class History:
    """The decisions of one annotator, in their order, with what is undone and what holds."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self._held: dict[str, list[Decision]] = {}
        """Decisions on each record that are not undone, the last one last."""
        self._stack: dict[int, tuple[int, Decision]] = {}
        """All decisions that are not undone by their numbers, each with its step; last one last."""
        self._steps = 0

    def extend(self, decisions: Iterable[Decision]) -> None:
        """Add later decisions that were made at once: they are one step."""
        self._steps += 1
        for decision in decisions:
            self.decisions.append(decision)
            if decision.action == "undo":
                self._undo(decision.undoes)
            else:
                self._stack[decision.number] = self._steps, decision
                self._held.setdefault(decision.record, []).append(decision)

    def of(self, record: str) -> Decision | None:
        """Return the decision that holds for a record; None while it is pending."""
        held = self._held.get(record)
        return held[-1] if held else None

    def last_steps(self, count: int) -> list[list[Decision]]:
        """Return the last steps of what is not undone, at most `count`; what was last is first."""
        decisions = reversed(self._stack.values())
        steps = groupby(decisions, key=lambda one: one[0])
        return [[decision for _, decision in own] for _, own in islice(steps, count)]

    def decided(self) -> dict[str, Decision]:
        """Return the decision that holds for each record that is not pending."""
        return {record: held[-1] for record, held in self._held.items() if held}

    def _undo(self, number: int | None) -> None:
        _, decision = self._stack.pop(number or 0, (0, None))
        if decision is not None:
            self._held[decision.record].remove(decision)


def by_record(decided: Decided) -> dict[str, dict[str, Decision]]:
    """Return the decisions that hold by record, then by annotator."""
    records: dict[str, dict[str, Decision]] = {}
    for annotator, own in decided.items():
        for record, decision in own.items():
            records.setdefault(record, {})[annotator] = decision
    return records
