"""Does a recorded run again without a model, as fast as the engine is."""

from collections.abc import Iterator

from simnet.agents.prompting.fitting import KnownReplies
from simnet.agents.host import Host
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.inference.replay_model import ReplayModel
from simnet.kernel.kernel import Kernel, Status
from simnet.kernel.ledger import Ledger
from simnet.runtime.agent_factory import agents_of, profile_lookup
from simnet.kernel.rows import Rows

VIEWS_AT_ONCE = 1024


class Replayer:
    """A run done again from replies; iterate over it for the rows, then ask how it ended."""

    def __init__(self, timeline: ScenarioTimeline, replies: KnownReplies) -> None:
        """Take the scenarios and the replies that were recorded."""
        start, changes = timeline.start, timeline.changes
        self._kernel = Kernel(start, changes)
        self._host = Host(
            agents_of(start),
            ReplayModel({}),  # is not asked: what is not in the record ends the replay
            replies=replies,
            minds=profile_lookup(start, changes) if changes else None,
        )
        self.complete = False
        """Whether it came to the end of the scenario; if not, a call was not recorded."""

    def __iter__(self) -> Iterator[Rows]:
        """Let time pass as far as the record goes. Raises DivergenceError."""
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
        """Hash of the world as it is now."""
        return self._kernel.world.digest()

    @property
    def ledger(self) -> Ledger:
        """What was planned and what became of it."""
        return self._kernel.ledger()
