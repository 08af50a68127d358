"""Decides when so many model calls fail that a run cannot count as a success.

A run is stopped when none of its first `FIRST` calls succeeds, or when more than half of its last
`WINDOW` calls fail. A run that reaches its end with fewer calls is judged there. Only calls of
this start of the run count: on resume the model gets a new chance.
"""

from collections import Counter, deque
from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple

from simnet.agents.adherence import JUDGE
from simnet.foundation.text import cut, one_line, without_numbers
from simnet.inference.model import HUMAN, USABLE, Call
from simnet.world.decision import Decision

FIRST = 20
"""So many calls are made before a run without any reply is stopped."""
WINDOW = 200
"""Number of the newest calls of which at least half have to succeed."""
MOST_CAUSES = 100
"""Causes that are counted apart; further ones are counted together."""
SHOWN = 5
"""Causes in a report."""
_LONGEST = 300
"""Characters of a cause that are kept."""
_OTHER = "other causes"


class CallFailure(NamedTuple):
    """Why a call brought no usable reply, or a reply could not be read."""

    cause: str
    """The reason with its numbers masked, so that equal causes can be counted."""
    example: str
    """The reason in full."""
    replied: bool = False
    """Whether there was a reply, which could not be read."""


class FailureCount(NamedTuple):
    """How often calls failed for one cause."""

    reason: str
    """One of the reasons, in full."""
    times: int


def failures_of(calls: Sequence[Call], decisions: Sequence[Decision]) -> tuple[CallFailure, ...]:
    """List the failed calls, and the turns that failed although all their calls succeeded.

    `decisions` are those that `calls` led to. Without calls the result is empty: recorded
    failures that are replayed are not failures of the model that is asked now. A person who does
    not answer is no failure, and no turn needs the reply of a judge.
    """
    unanswered = [call for call in calls if call.finish not in USABLE and call.model != HUMAN]
    failed = [_failure(call) for call in unanswered if not _judges(call)]
    if calls and any(decision.failure is not None for decision in decisions):
        lost = {(call.who, call.turn) for call in unanswered}
        failed += [
            _unreadable(one)
            for one in decisions
            if one.failure is not None and (one.who, one.turn) not in lost
        ]
    return tuple(failed)


def _unreadable(decision: Decision) -> CallFailure:
    example = cut(one_line(f"unreadable: {decision.failure}"), _LONGEST)
    return CallFailure(f"unreadable: {' '.join(decision.marks)}", example, replied=True)


def _judges(call: Call) -> bool:
    return call.system == JUDGE


def _failure(call: Call) -> CallFailure:
    text = cut(one_line(call.completion or call.finish), _LONGEST)
    return CallFailure(without_numbers(text), text)


class FailureLimit:
    """Counts the calls of one start of a run, and how they failed."""

    def __init__(self) -> None:
        self._calls = self._failed = 0
        self._times: Counter[str] = Counter()
        self._examples: dict[str, str] = {_OTHER: _OTHER}
        self._recent: deque[str | None] = deque(maxlen=WINDOW)
        """The causes of the newest calls, None for a success."""

    def add(self, calls: int, failures: Sequence[CallFailure]) -> None:
        """Count calls, some of which failed."""
        self._calls += calls
        succeeded = calls - len(failures)
        if succeeded > 0:
            self._recent.extend(repeat(None, min(succeeded, WINDOW)))
        for failure in failures:
            self._failed += 1
            cause = failure.cause if self._known(failure) else _OTHER
            self._times[cause] += 1
            self._recent.append(cause)

    def _known(self, failure: CallFailure) -> bool:
        if failure.cause not in self._examples:
            if len(self._examples) > MOST_CAUSES:
                return False
            self._examples[failure.cause] = failure.example
        return True

    def exceeded(self, *, at_end: bool = False) -> str | None:
        """Say in one line how many calls failed and why, if they are too many; None if not.

        At the end of a run, fewer calls than `FIRST` are enough if all failed.
        """
        if not self._failed:
            return None
        if self._failed >= self._calls and (at_end or self._calls >= FIRST):
            return self._message(self._failed, self._calls, "", self._times)
        recent = [cause for cause in self._recent if cause is not None]
        enough = FIRST if at_end else WINDOW
        if len(self._recent) >= enough and 2 * len(recent) > len(self._recent):
            return self._message(len(recent), len(self._recent), "last ", Counter(recent))
        return None

    def counts(self) -> tuple[FailureCount, ...]:
        """Return the most frequent causes of failed calls, at most `SHOWN` and then the rest."""
        common = self._times.most_common()
        shown = [FailureCount(self._examples[cause], times) for cause, times in common[:SHOWN]]
        if rest := sum(times for _, times in common[SHOWN:]):
            shown.append(FailureCount(_OTHER, rest))
        return tuple(shown)

    def _message(self, failed: int, calls: int, which: str, times: Counter[str]) -> str:
        ((cause, most),) = times.most_common(1)
        often = "" if most == failed else f", {most} of them like this"
        who = "the model call" if calls == 1 else f"{failed} of the {which}{calls} model calls"
        return f"{who} failed{often}: {self._examples[cause]}"
