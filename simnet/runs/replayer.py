"""Replays a recorded run without a model."""

from collections.abc import Iterator

from simnet.agents.host import Host
from simnet.agents.prompting.fitting import Replies
from simnet.inference.replay_model import ReplayModel
from simnet.kernel.kernel import Kernel, Status
from simnet.kernel.ledger import Ledger
from simnet.kernel.rows import Rows
from simnet.kernel.switching import SwitchingKernel
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.runtime.agent_factory import agents_of, profile_lookup

VIEWS_AT_ONCE = 1024


class Replayer:
    """A replay of a run from its replies: iterate over it for the rows, then read the outcome."""

    def __init__(self, timeline: ScenarioTimeline, replies: Replies) -> None:
        """Take the scenarios and the recorded replies."""
        start, switches = timeline.start, timeline.switches
        self._kernel = SwitchingKernel(start, switches) if switches else Kernel(start)
        self._host = Host(
            agents_of(start),
            ReplayModel({}),  # never asked: a missing reply ends the replay
            replies=replies,
            profile_of=profile_lookup(start, switches) if switches else None,
        )
        self.complete = False
        """Whether it reached the end of the scenario; if not, a reply is missing."""

    def __iter__(self) -> Iterator[Rows]:
        """Replay as far as the record goes. Raises DivergenceError."""
        kernel = self._kernel
        status, decided = Status.FULL, True
        while status is not Status.DONE and (decided or status is Status.FULL):
            status = kernel.advance(VIEWS_AT_ONCE)
            views, kernel.views = kernel.views, []
            decisions = self._host.recall(views)
            kernel.deliver(decisions)
            decided = bool(decisions)
            yield kernel.take_rows()
        self.complete = status is Status.DONE

    @property
    def digest(self) -> str:
        """Hash of the current state of the world."""
        return self._kernel.world.digest()

    @property
    def ledger(self) -> Ledger:
        """Turns planned, and their outcomes."""
        return self._kernel.ledger()
