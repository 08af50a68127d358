"""What becomes of a run when code of the user fails: its turn fails, or the run stops."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

from simnet.clock import Seconds
from simnet.errors import UsageError, UserCodeError
from simnet.foundation.user_code import located
from simnet.world.decision import Decision

OnError: TypeAlias = Literal["stop", "fail"]
"""`stop`: the run stops in good order and can be resumed. `fail`: the turn fails, with its reason
in the record, and the run goes on; but an error of a rhythm stops the run, since nobody knows when
its persona wakes next."""
FAILS_THE_TURN = "fail the turn"


def read_on_error(value: str | None) -> OnError | None:
    """Read a policy: `stop`, `fail` or, for that, `fail the turn`. Raises UsageError."""
    match value:
        case None | "stop" | "fail":
            return value
        case "fail the turn":
            return "fail"
    raise UsageError(f"on_error={value!r}; choose 'stop' or {FAILS_THE_TURN!r}")


class CodeErrors:
    """The first error that stops a run, and whether turns were left for a resume."""

    def __init__(self, *, fails_turns: bool) -> None:
        """Take whether a decision with an error fails its turn only."""
        self._fails_turns = fails_turns
        self._first: UserCodeError | None = None
        self.left = False
        """Whether turns were given up because the run stops."""

    @property
    def stops(self) -> bool:
        """Whether the run has to stop."""
        return self._first is not None or self.left

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the error that code of the user raises in the block, and stop at it."""
        try:
            yield
        except BaseException as error:
            fault = located(error)
            if fault is None:
                raise
            self._keep(fault)

    def without_undone(self, decisions: Sequence[Decision]) -> Sequence[Decision]:
        """Leave out turns for a resume: given up ones, and those whose error stops the run."""
        if any(one.left for one in decisions):
            self.left = True
            decisions = [one for one in decisions if not one.left]
        failed = [decision.error for decision in decisions if decision.error is not None]
        stopping = [one for one in failed if one.interrupted or not self._fails_turns]
        if not stopping:
            return decisions
        self._keep(stopping[0])
        return [one for one in decisions if one.error is None or one.error not in stopping]

    @property
    def first(self) -> UserCodeError | None:
        """The error that stops the run."""
        return self._first

    def raise_first(self, settled: Seconds) -> None:
        """Raise the error that stopped the run, unless a signal ended the user's code.

        `settled` is the time before which no turn is under way.
        """
        if self._first is not None and not self._first.interrupted:
            self._first.settled = settled
            raise self._first

    def _keep(self, error: UserCodeError) -> None:
        if self._first is None or self._first.interrupted:
            self._first = error
