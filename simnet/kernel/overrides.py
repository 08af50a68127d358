"""What interventions changed about people and is not in the world: settings, news, memories."""

from collections import defaultdict

from simnet.scenario.interventions.directory import Target
from simnet.world.state.viewer_changes import MemoryChange, Settings, ViewerChanges

Value = str | int | bool | None


class Overrides:
    """Changed settings of cohorts and people, and what waits for the next view of each."""

    def __init__(self) -> None:
        self._cohorts: defaultdict[str, dict[str, Value]] = defaultdict(dict)
        self._members: defaultdict[int, dict[str, Value]] = defaultdict(dict)
        self._merged: dict[tuple[str, int], Settings] = {}
        self._memory: defaultdict[int, list[MemoryChange]] = defaultdict(list)
        self._news: defaultdict[int, list[str]] = defaultdict(list)

    def __bool__(self) -> bool:
        """Whether any view may have to say what changed."""
        return bool(self._cohorts or self._members or self._memory or self._news)

    def clear_settings(self) -> None:
        """Let everybody have the settings of their cohort."""
        self._cohorts.clear()
        self._members.clear()
        self._merged.clear()

    def set(self, target: Target, name: str, value: Value) -> None:
        """Change a setting of a person or a cohort; the last change counts."""
        self._merged.clear()
        if target.whom is not None:
            self._members[target.members[0]][name] = value
            return
        self._cohorts[target.cohort][name] = value
        for member in [one for one in self._members if one in target.members]:
            self._members[member].pop(name, None)

    def give_news(self, target: Target, text: str) -> None:
        """Keep a text for the next view of each."""
        for member in target.members:
            self._news[member].append(text)

    def change_memory(self, target: Target, change: MemoryChange) -> None:
        """Keep a change of memory for the next view of each."""
        for member in target.members:
            self._memory[member].append(change)

    def waiting(self, member: int, cohort: str) -> ViewerChanges | None:
        """Return what changed about a viewer and waits for their next view; None if nothing."""
        settings = self._settings(member, cohort)
        memory, news = tuple(self._memory.get(member, ())), tuple(self._news.get(member, ()))
        return ViewerChanges(settings, memory, news) if settings or memory or news else None

    def take(self, member: int, cohort: str) -> ViewerChanges | None:
        """Return what changed about a viewer, who is shown it now; None if nothing."""
        found = self.waiting(member, cohort)
        self._memory.pop(member, None)
        self._news.pop(member, None)
        return found

    def _settings(self, member: int, cohort: str) -> Settings:
        own = member if self._members.get(member) else -1
        merged = self._merged.get((cohort, own))
        if merged is None:
            both = self._cohorts.get(cohort, {}) | (self._members[member] if own >= 0 else {})
            merged = self._merged[cohort, own] = tuple(sorted(both.items(), key=lambda one: one[0]))
        return merged
