"""Replays a recorded run without a model."""

from collections.abc import Iterator

from simnet.agents.host import Host
from simnet.agents.prompting.fitting import KnownReplies
from simnet.errors import UserCodeError
from simnet.inference.replay_model import ReplayModel
from simnet.kernel.kernel import Kernel, Status
from simnet.kernel.ledger import Ledger
from simnet.kernel.rows import Rows
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.runtime.agent_factory import agents_of, profile_lookup
from simnet.scheduler.code_errors import CodeErrors

VIEWS_AT_ONCE = 1024


class Replayer:
    """A replay of a run from its replies: iterate over it for the rows, then read the outcome."""

    def __init__(
        self, timeline: ScenarioTimeline, replies: KnownReplies, *, on_error: str = "stop"
    ) -> None:
        """Take the scenarios, the recorded replies and what the run did when user code failed."""
        start, switches = timeline.start, timeline.switches
        fails_turns = on_error == "fail"
        self._kernel = Kernel(start, switches, fails_turns=fails_turns)
        self._code_errors = CodeErrors(fails_turns=fails_turns)
        self._host = Host(
            agents_of(start),
            ReplayModel({}),  # never asked: a missing reply ends the replay
            replies=replies,
            profile_of=profile_lookup(start, switches) if switches else None,
        )
        self.complete = False
        """Whether it reached the end of the scenario; if not, a reply is missing."""

    def __iter__(self) -> Iterator[Rows]:
        """Replay as far as the record goes, or to the error that stopped the run.

        Raises DivergenceError.
        """
        kernel, errors = self._kernel, self._code_errors
        status, decided = Status.FULL, True
        while status is not Status.DONE and (decided or status is Status.FULL):
            with errors.kept():
                status = kernel.advance(VIEWS_AT_ONCE)
            views, kernel.views = kernel.views, []
            if errors.stops:
                yield kernel.take_rows()
                return
            decisions = errors.without_failed(self._host.recall(views))
            kernel.deliver(decisions)
            decided = bool(decisions)
            yield kernel.take_rows()
        self.complete = status is Status.DONE

    @property
    def error(self) -> UserCodeError | None:
        """The error of the user's code at which the replay ended."""
        return self._code_errors.first

    @property
    def digest(self) -> str:
        """Hash of the current state of the world."""
        return self._kernel.world.digest()

    @property
    def ledger(self) -> Ledger:
        """Turns planned, and their outcomes."""
        return self._kernel.ledger()
