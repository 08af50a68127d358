"""Who is banned or away in the course of a scenario, as far as it is known before the start."""

from collections.abc import Sequence

from simnet.clock import Seconds, format_time
from simnet.scenario.cohort import Cohort
from simnet.scenario.interventions.directory import Directory
from simnet.scenario.interventions.intervention import Intervention
from simnet.scenario.interventions.on_world import (
    Act,
    Ban,
    Join,
    Leave,
    Reinstate,
    RemovePosts,
)
from simnet.scenario.interventions.presence import absent_at_start, conditional
from simnet.scenario.interventions.schedule import At, When
from simnet.world.actions import Action, fields_of

_MODERATING = frozenset({"suspend", "reinstate"})
"""Verbs of moderators that ban and reinstate too."""


class Standing:
    """Who is banned, who is away, and of whom that cannot be known."""

    def __init__(
        self, entries: Sequence[At | When], cohorts: Sequence[Cohort], directory: Directory
    ) -> None:
        self._directory = directory
        self._away = dict.fromkeys(absent_at_start(entries, directory), 0.0)
        self._banned: dict[int, Seconds] = {}
        changing = [
            one for one in conditional(entries) if isinstance(one, Ban | Reinstate | Join | Leave)
        ]
        self._unknown = {member for one in changing for member in directory.members(one.who)}
        """Those whom a condition may ban, reinstate, let join or leave."""
        self._moderated = any(
            verb.verb in _MODERATING for cohort in cohorts for verb in cohort.verbs
        )

    def take(self, at: Seconds, one: Intervention) -> str | None:
        """Follow an intervention at its time; say why the world could only refuse it, if so."""
        if isinstance(one, Act):
            return self.problem_of_act(one.who.removeprefix("@"), one.does)
        members = [m for m in self._directory.members(one.names()) if m not in self._unknown]
        problem = None
        if members and not isinstance(one, RemovePosts):
            problems = [self._problem(one, member) for member in members]
            single = not any(self._directory.is_cohort(name) for name in one.names())
            wrong = next(filter(None, problems), None)
            problem = wrong if single or all(problems) else None
        self._follow(at, one, members)
        return problem

    def problem_of_act(self, who: str, action: Action) -> str | None:
        """Say why somebody cannot do something now; None if they can, or nobody knows."""
        (member,) = self._directory.members(f"@{who}")
        problem = self._hidden(member)
        if problem is not None:
            return problem
        for field in fields_of(type(action)):
            if field.kind == "member" and (value := getattr(action, field.name)) != who:
                (other,) = self._directory.members(f"@{value}")
                if other in self._away and other not in self._unknown:
                    return self._hidden(other)
        return None

    def _hidden(self, member: int) -> str | None:
        if member in self._unknown:
            return None
        name = self._directory.handle_of(member)
        if member in self._away:
            left = self._away[member]
            when = f"left at {format_time(left)}" if left else "has not joined by then"
            return f"@{name} {when}"
        if member in self._banned and not self._moderated:
            return f"@{name} is banned since {format_time(self._banned[member])}"
        return None

    def _problem(self, one: Intervention, member: int) -> str | None:
        hidden, name = self._hidden(member), self._directory.handle_of(member)
        away = member in self._away
        match one:
            case Join():
                return None if away else f"@{name} is there already"
            case Reinstate():
                known = not self._moderated and member not in self._banned
                return hidden if away else f"@{name} is not banned" if known else None
            case Ban():
                return hidden
            case _:
                return hidden if away else None

    def _follow(self, at: Seconds, one: Intervention, members: Sequence[int]) -> None:
        for member in members:
            match one:
                case Join():
                    self._away.pop(member, None)
                    self._banned.pop(member, None)
                case Leave():
                    self._away[member] = at
                case Ban():
                    self._banned.setdefault(member, at)
                case Reinstate():
                    self._banned.pop(member, None)
