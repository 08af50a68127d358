"""Replays a recorded run without a model."""

from collections.abc import Iterator
from math import inf

from simnet.agents.host import Host
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.prompting.fitting import KnownReplies
from simnet.clock import Seconds
from simnet.errors import UserCodeError
from simnet.inference.fakes.replay_model import ReplayModel
from simnet.kernel.kernel import Kernel
from simnet.kernel.ledger import Ledger
from simnet.kernel.rows import Rows
from simnet.kernel.status import ENDS, Status
from simnet.recording.reading.run import Run
from simnet.runs.models.spread_embedder import check_spread_embedders
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runtime.agent_factory import agents_of, inquiry_of, profile_lookup
from simnet.scenario.waves import waves_of
from simnet.scheduler.continuing.recorded_checks import recorded_checks
from simnet.scheduler.failures.code_errors import CodeErrors
from simnet.scheduler.surveys.pending_waves import PendingWaves
from simnet.world.state.posts import View
from simnet.world.state.viewer_changes import ViewerChanges

VIEWS_AT_ONCE = 1024


class Replayer:
    """A replay of a run from its replies: iterate over it for the rows, then read the outcome."""

    def __init__(
        self,
        timeline: ScenarioTimeline,
        replies: KnownReplies,
        run: Run,
        *,
        keeps_views: bool = False,
    ) -> None:
        """Take the scenarios, the recorded replies and the run, for the rest that it recorded.

        Raises UsageError if an alarm needs an extra that is not installed.
        """
        self._keeps_views = keeps_views
        start, switches = timeline.start, timeline.switches
        scenarios = [start, *(switch.scenario for switch in switches)]
        for scenario in scenarios:
            check_spread_embedders(scenario, lambda _: None)
        fails_turns = run.manifest.on_error == "fail"
        checks = recorded_checks(run, scenarios)
        self._kernel = Kernel(start, switches, fails_turns=fails_turns, checks=checks, watches=True)
        self._code_errors = CodeErrors(fails_turns=fails_turns)
        self._host = Host(
            agents_of(start),
            ReplayModel({}),  # never asked: a missing reply ends the replay
            replies=replies,
            profile_of=profile_lookup(start, switches) if switches else None,
            inquiry=inquiry_of(start, switches),
        )
        self._waves = PendingWaves(waves_of(start, switches))
        self.complete = False
        """Whether it reached the end of the scenario; if not, a reply is missing."""
        self.reached = False
        """Whether the last call of `until` reached its time, or the end of the scenario."""
        self.last_views: dict[str, View] = {}
        """What each persona was shown last, if views are kept."""

    def __iter__(self) -> Iterator[Rows]:
        """Replay as far as the record goes, or to the error that stopped the run.

        Raises DivergenceError.
        """
        return self.until(inf)

    def until(self, at: Seconds) -> Iterator[Rows]:
        """Replay all that happened before a time, and no more; later calls go on from there.

        A persona whose turn is under way then has decided already. Surveys before that time are
        put again, with the recorded replies. Raises DivergenceError.
        """
        while self._waves.next_at < at:
            yield from self._turns_until(self._waves.next_at)
            if not self.reached or self._code_errors.stops:
                return
            self.complete = False
            views = self._waves.take(self._kernel.state_of)
            self.reached = len(self._host.recall(views)) == len(views)
            if not self.reached:
                return
        yield from self._turns_until(at)

    def _turns_until(self, at: Seconds) -> Iterator[Rows]:
        kernel, errors = self._kernel, self._code_errors
        status, decided = Status.FULL, True
        while status not in ENDS and (decided or status is Status.FULL):
            with errors.kept():
                status = kernel.advance(VIEWS_AT_ONCE, at)
            views, kernel.views = kernel.views, []
            self._waves.note(views)
            if self._keeps_views:
                self.last_views.update((view.who, view) for view in views)
            if errors.stops:
                yield kernel.take_rows()
                return
            decisions = errors.without_undone(self._host.recall(views))
            kernel.deliver(decisions)
            decided = bool(decisions)
            yield kernel.take_rows()
        self.complete = status is Status.DONE
        self.reached = status in ENDS

    def agent(self, who: str) -> HostedAgent:
        """Return the agent of a handle as it is now; only read it."""
        return self._host.agent(who)

    def state_of(self, who: str, at: Seconds) -> ViewerChanges | None:
        """Return what changed about somebody since their last view; see `Kernel.state_of`."""
        return self._kernel.state_of(who, at)

    @property
    def now(self) -> Seconds:
        """The time of what happened last."""
        return self._kernel.now

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
