"""The decisions of all annotators of a review."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from simnet.errors import UsageError
from simnet.foundation.disk import Disk
from simnet.foundation.text import counted, did_you_mean
from simnet.review.deciding.decision_log import SUFFIX, DecisionLog, annotator_of, log_name
from simnet.review.deciding.decisions import Decision, History

_LONGEST_NAME = 60
_LONGEST_FILE_NAME = 200
"""Letters of the name that a file gets, in which letters beyond ASCII take several."""


class NewDecision(NamedTuple):
    """A decision that is to be added, such as one that another tool recorded."""

    record: str
    """Id of the record."""
    action: Literal["submit", "discard"]
    """What was decided."""
    answers: Mapping[str, Any]
    """Answers by the names of questions."""
    time: datetime | None = None
    """When it was made; None for now."""


class DecisionStore:
    """Reads and appends decisions; each annotator has a file of their own."""

    def __init__(self, folder: Path, named: Sequence[str], disk: Disk) -> None:
        """Take the folder of the files, and who alone may decide; anybody if nobody is named."""
        self._folder = folder
        self._named = named
        self._disk = disk
        self._logs: dict[str, DecisionLog] = {}

    def annotators(self) -> list[str]:
        """List those who were named and those who decided."""
        names = self._disk.list_folder(self._folder)
        found = {annotator_of(name) for name in names if name.endswith(SUFFIX)}
        return sorted({*self._named, *found})

    def history(self, annotator: str, *, known: bool = False) -> History:
        """Return what an annotator decided.

        Raises UsageError for one who may not decide here; if `known`, for one who never did.
        """
        return self._log(annotator, known=known).history

    def decided(self, annotators: Collection[str] | None) -> dict[str, dict[str, Decision]]:
        """Return the decisions that hold, by annotator and then by record; None for all."""
        names = self.annotators() if annotators is None else annotators
        return {name: self.history(name, known=True).decided() for name in names}

    def add(
        self,
        annotator: str,
        decisions: Sequence[NewDecision],
        origin: str | None,
        undone: Sequence[Decision] = (),
    ) -> list[Decision]:
        """Append decisions that were checked, after undoes of others, all or none.

        Return the decisions.
        """

        def make(history: History) -> list[Decision]:
            first = len(history.decisions) + 1
            undoes = _undoes(annotator, undone, first, origin)
            return undoes + [
                Decision(
                    number=number,
                    time=one.time or datetime.now(UTC),
                    annotator=annotator,
                    record=one.record,
                    action=one.action,
                    answers=one.answers,
                    origin=origin,
                )
                for number, one in enumerate(decisions, first + len(undoes))
            ]

        return self._log(annotator).append(make)[len(undone) :]

    def undo(self, annotator: str, levels: int) -> list[Decision]:
        """Append undoes of the last steps; return what was undone, the last first.

        Raises UsageError if there are not so many.
        """
        if levels < 1:
            raise UsageError(f"cannot undo {levels} steps; give 1 or more")
        taken: list[Decision] = []

        def make(history: History) -> list[Decision]:
            steps = history.last_steps(levels)
            if len(steps) < levels:
                raise UsageError(
                    f"{annotator} has {counted(len(steps), 'step')} to undo, not {levels}"
                )
            taken[:] = [decision for step in steps for decision in step]
            return _undoes(annotator, taken, len(history.decisions) + 1)

        self._log(annotator, known=True).append(make)
        return taken

    def _log(self, annotator: str, *, known: bool = False) -> DecisionLog:
        check_annotator(annotator)
        if (self._named or known) and annotator not in (names := self.annotators()):
            hint = did_you_mean(annotator, names) or f"; there are {', '.join(names) or 'none'}"
            raise UsageError(f"{self._folder.parent} has no annotator {annotator!r}{hint}")
        made = DecisionLog(self._folder, annotator, self._disk)
        log = self._logs.setdefault(annotator, made)
        log.refresh()
        return log


def _undoes(
    annotator: str, decisions: Sequence[Decision], first: int, origin: str | None = None
) -> list[Decision]:
    """Make the undoes of decisions, numbered from `first` on."""
    return [
        Decision(
            number=number,
            time=datetime.now(UTC),
            annotator=annotator,
            record=one.record,
            action="undo",
            answers={},
            undoes=one.number,
            origin=origin,
        )
        for number, one in enumerate(decisions, first)
    ]


def check_annotator(name: str) -> str:
    """Return the name of an annotator. Raises UsageError for one that is no name."""
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        raise UsageError(f"{name!r} is no name for an annotator; give letters and digits")
    too_long = len(name) > _LONGEST_NAME or len(log_name(name)) > _LONGEST_FILE_NAME
    if too_long or not name.isprintable():
        raise UsageError(
            f"{name!r} is no name for an annotator; give at most {_LONGEST_NAME} letters, digits "
            "and signs, on one line"
        )
    return name
