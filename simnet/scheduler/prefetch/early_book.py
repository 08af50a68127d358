"""Which turns are played early, and how many calls each model has room for; no IO."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from simnet.agents.profile import asks_a_model
from simnet.kernel.kernel import Kernel
from simnet.scenario.scenario import Scenario
from simnet.scheduler.prefetch.prefetch_settings import Prefetch
from simnet.world.decision import Decision
from simnet.world.state.posts import View

NOBODY = ""
"""In place of the name of a model, where a cohort's behaviour asks none: turns need no slot."""


@dataclass
class Early:
    """An early turn, until the real one begins."""

    ticket: int
    view: View
    host: int
    model: str | None
    under_way: bool = True
    decision: Decision | None = None
    calls: int = 1
    """How many it made, once it has ended; one is under way until then."""


class EarlyBook:
    """The early turns of a run, and the real ones that are out, by the model of their cohort."""

    def __init__(self, settings: Prefetch, kernel: Kernel) -> None:
        """Take the kernel, whose scenario says which cohort asks which model."""
        self._settings, self._kernel = settings, kernel
        self._scenario: Scenario | None = None
        self._of_cohorts: dict[str, str | None] = {}
        self._asked: dict[str, str | None] = {}
        """The model of each real turn under way: a fork may give a cohort another."""
        self._turns: dict[str, Early] = {}
        self._under_way: Counter[str | None] = Counter()
        self._real: Counter[str | None] = Counter()
        self._tickets = 0
        self.waiting = 0
        """How many calls there are of early turns whose real ones have not begun."""

    @property
    def under_way(self) -> int:
        """How many early turns are under way."""
        return self._under_way.total()

    def model_of(self, view: View) -> str | None:
        """Return the name of the model that is asked in a turn that begins now, or `NOBODY`."""
        world = self._kernel.world
        return self._models[world.cohorts[world.index[view.who]]]

    def rooms(self) -> dict[str | None, int]:
        """Return for each model how many calls more it can work on at once."""
        return {
            name: self._settings.slots_of(name) - self._real[name] - self._under_way[name]
            for name in set(self._models.values()) - {NOBODY}
        }

    @property
    def _models(self) -> dict[str, str | None]:
        scenario = self._kernel.scenario
        if scenario is not self._scenario:
            self._scenario = scenario
            self._of_cohorts = {
                cohort.name: cohort.model if asks_a_model(cohort.behaviour) else NOBODY
                for cohort in scenario.cohorts
            }
        return self._of_cohorts

    def get(self, view: View) -> Early | None:
        """Return the early turn of whoever a view is for."""
        return self._turns.get(view.who)

    def open(self, view: View, host: int) -> Early:
        """Note that a turn is played early; it replaces the one before."""
        self.drop(view.who)
        self._tickets += 1
        early = Early(self._tickets, view, host, self.model_of(view))
        self._turns[view.who] = early
        self._under_way[early.model] += 1
        self.waiting += early.calls
        return early

    def ended(self, who: str, ticket: int, decision: Decision | None, calls: int = 0) -> None:
        """Note how an early turn ended and how many calls it made, unless another replaced it."""
        early = self._turns.get(who)
        if early is None or early.ticket != ticket:
            return
        self.waiting += calls - early.calls
        early.decision, early.calls = decision, calls
        self._rests(early)

    def begins(self, view: View) -> None:
        """Note that a real turn begins."""
        self._asked[view.who] = model = self.model_of(view)
        self._real[model] += 1
        self.drop(view.who)

    def ends(self, decision: Decision) -> None:
        """Note that a real turn was decided."""
        if decision.who in self._asked:  # else an answer came twice, which ends the run
            self._real[self._asked.pop(decision.who)] -= 1

    def drop(self, who: str) -> None:
        """Forget an early turn, if there is one."""
        early = self._turns.pop(who, None)
        if early is not None:
            self.waiting -= early.calls
            self._rests(early)

    def all(self) -> list[Early]:
        """List the early turns whose real ones have not begun."""
        return list(self._turns.values())

    def excess(self) -> list[Early]:
        """List the early turns under way for which there is no slot, those furthest ahead."""
        found: list[Early] = []
        for model, room in self.rooms().items():
            if room < 0 and self._under_way[model]:
                running = [one for one in self._turns.values() if one.under_way]
                running = [one for one in running if one.model == model]
                running.sort(key=lambda one: one.view.now, reverse=True)
                found += running[:-room]
        return found

    def unlikely(self, views: Sequence[View], reached: float) -> list[Early]:
        """List the early turns before `reached`, in simulated seconds, with none of these views."""
        likely = {view.who for view in views}
        return [
            early
            for who, early in self._turns.items()
            if early.view.now < reached and who not in likely
        ]

    def _rests(self, early: Early) -> None:
        if early.under_way:
            early.under_way = False
            self._under_way[early.model] -= 1
