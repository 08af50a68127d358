"""Which turns are played early, and how many calls each model has room for; no IO."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simnet.scheduler.prefetch.prefetch_settings import Prefetch
from simnet.world.decision import Decision
from simnet.world.state.posts import View
from simnet.world.world import World


@dataclass
class Early:
    """An early turn, until the real one begins."""

    ticket: int
    view: View
    host: int
    under_way: bool = True
    decision: Decision | None = None


class EarlyBook:
    """The early turns of a run, and the real ones that are out, by the model of their cohort."""

    def __init__(self, settings: Prefetch, world: World, models: Mapping[str, str | None]) -> None:
        """Take the model of each cohort; a world says who is in which."""
        self._settings, self._world, self._models = settings, world, models
        self._turns: dict[str, Early] = {}
        self._under_way: Counter[str | None] = Counter()
        self._real: Counter[str | None] = Counter()
        self._tickets = 0

    @property
    def under_way(self) -> int:
        """How many early turns are under way."""
        return self._under_way.total()

    @property
    def waiting(self) -> int:
        """How many early turns there are whose real ones have not begun."""
        return len(self._turns)

    def model_of(self, turn: View | Decision) -> str | None:
        """Return the name of the model that is asked in a turn."""
        return self._models.get(self._world.cohorts[self._world.index[turn.who]])

    def rooms(self) -> dict[str | None, int]:
        """Return for each model how many calls more it can work on at once."""
        return {
            name: self._settings.slots_of(name) - self._real[name] - self._under_way[name]
            for name in set(self._models.values())
        }

    def get(self, view: View) -> Early | None:
        """Return the early turn of whoever a view is for."""
        return self._turns.get(view.who)

    def open(self, view: View, host: int) -> Early:
        """Note that a turn is played early; it replaces the one before."""
        self.drop(view.who)
        self._tickets += 1
        early = self._turns[view.who] = Early(self._tickets, view, host)
        self._under_way[self.model_of(view)] += 1
        return early

    def ended(self, who: str, ticket: int, decision: Decision | None) -> None:
        """Note how an early turn ended, unless another has replaced it."""
        early = self._turns.get(who)
        if early is None or early.ticket != ticket:
            return
        early.decision = decision
        self._rests(early)

    def begins(self, view: View) -> None:
        """Note that a real turn begins."""
        self._real[self.model_of(view)] += 1
        self.drop(view.who)

    def ends(self, decision: Decision) -> None:
        """Note that a real turn was decided."""
        self._real[self.model_of(decision)] -= 1

    def drop(self, who: str) -> None:
        """Forget an early turn, if there is one."""
        early = self._turns.pop(who, None)
        if early is not None:
            self._rests(early)

    def excess(self) -> list[Early]:
        """List the early turns under way for which there is no slot, those furthest ahead."""
        found: list[Early] = []
        for model, room in self.rooms().items():
            if room < 0 and self._under_way[model]:
                running = [one for one in self._turns.values() if one.under_way]
                running = [one for one in running if self.model_of(one.view) == model]
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
            self._under_way[self.model_of(early.view)] -= 1
