"""The waves of surveys that a run still has to put, as views of those who are asked."""

from collections import deque
from collections.abc import Callable, Sequence
from math import inf
from typing import TypeAlias

from simnet.clock import Seconds
from simnet.questions.respondent import asked_view
from simnet.scenario.waves import Wave
from simnet.world.state.posts import View
from simnet.world.state.viewer_changes import ViewerChanges

StateOf: TypeAlias = Callable[[str, Seconds], ViewerChanges | None]


class PendingWaves:
    """Waves in order of time, and what each persona was shown last."""

    def __init__(self, waves: Sequence[Wave]) -> None:
        self._coming = deque(waves)
        self._last: dict[str, View] = {}

    def __bool__(self) -> bool:
        """Whether any is to come."""
        return bool(self._coming)

    @property
    def next_at(self) -> Seconds:
        """When the next one is due; infinity if there is none."""
        return self._coming[0].at if self._coming else inf

    def note(self, views: Sequence[View]) -> None:
        """Keep what was shown, as far as a wave that is to come shows it again."""
        if any(wave.plan.survey.shows_feed for wave in self._coming):
            self._last.update((view.who, view) for view in views)

    def take(self, state_of: StateOf) -> list[View]:
        """Take the next wave: the views, with the number of its turn, of those who are asked.

        `state_of` says what changed about somebody since their last view.
        """
        wave = self._coming.popleft()
        known = self._last if wave.plan.survey.shows_feed else {}
        return [
            asked_view(known.get(who), who, wave.at, state_of(who, wave.at), turn=wave.turn)
            for who in wave.handles()
        ]
