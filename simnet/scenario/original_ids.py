"""Finds people by the ids that they had in the file they were imported from.

An import turns `Ann Lee` into the handle `Ann_Lee` and keeps the id as `original_id`. Edge files,
ties, cues and orders of turns may use either; a handle goes before an original id.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import cast

from simnet.personas.names import normal
from simnet.personas.persona import Persona
from simnet.personas.population import Population
from simnet.scenario.cohort import Cohort, Cue, handles_of
from simnet.scenario.networks.arrays import TieBuilder, Ties
from simnet.scenario.timing.rhythms import TakingTurns
from simnet.world.actions import Action, fields_of


class Roster(list[str]):
    """Everybody's handles by position, with the ids they had before their import."""

    def __init__(self, handles: Sequence[str], cohorts: Sequence[Cohort]) -> None:
        super().__init__(handles)
        self._cohorts = cohorts

    def position(self, name: str) -> int | None:
        """Find somebody by handle, else by original id; None if nobody is called that."""
        found = self._index.get(name)
        if found is None:
            name = normal(name.strip())
            found = self._index.get(name)
        if found is None:
            found = self._index.get(self._names.get(name, ""))
        return found

    @cached_property
    def _index(self) -> dict[str, int]:
        return {handle: position for position, handle in enumerate(self)}

    @cached_property
    def _names(self) -> dict[str, str]:
        return names_of(self._cohorts)


def names_of(cohorts: Sequence[Cohort]) -> dict[str, str]:
    """Return the handle of each original id, and of each name, that one persona alone has."""
    people = [persona for cohort in cohorts for persona in _listed(cohort)]
    found: dict[str, str] = {}
    for attribute in ("name", "original_id"):
        pairs = [(one.attributes.get(attribute), one.id) for one in people]
        texts = [(normal(name), handle) for name, handle in pairs if isinstance(name, str)]
        counts = Counter(name for name, _ in texts)
        found |= {name: handle for name, handle in texts if counts[name] == 1}
    return {name: handle for name, handle in found.items() if name != handle}


def as_handles(
    cohorts: Sequence[Cohort], ties: Ties | TieBuilder, cues: Sequence[Cue]
) -> tuple[Sequence[Cohort], Ties | TieBuilder, Sequence[Cue]]:
    """Put handles for original ids in orders of turns, ties and cues.

    What is of a wrong type or names nobody is left for the checks of the scenario to tell of.
    """
    if not _are_typed(cohorts, ties, cues):
        return cohorts, ties, cues
    used = set(_used(cohorts, ties, cues))
    names = names_of(cohorts) if used else {}
    if names:
        everybody = {handle for cohort in cohorts for handle in handles_of(cohort.personas)}
        names = {name: handle for name, handle in names.items() if name not in everybody}
    handles = {name: names.get(normal(name), normal(name)) for name in used}
    changed = {name: handle for name, handle in handles.items() if name != handle}
    if not changed:
        return cohorts, ties, cues
    if not callable(ties):
        renamed = [tuple(changed.get(name, name) for name in tie) for tie in ties]
        ties = cast("Ties", renamed)
    return (
        [_with_order(cohort, changed) for cohort in cohorts],
        ties,
        [_with_names(cue, changed) for cue in cues],
    )


def _are_typed(cohorts: object, ties: object, cues: object) -> bool:
    """Whether all is of the types that a scenario says, so that names can be looked for."""
    return (
        _all_are(cohorts, Cohort)
        and (callable(ties) or _all_are(ties, tuple, list))
        and _all_are(cues, Cue)
    )


def _all_are(values: object, *types: type) -> bool:
    return isinstance(values, Sequence) and all(isinstance(value, types) for value in values)


def _used(cohorts: Sequence[Cohort], ties: Ties | TieBuilder, cues: Sequence[Cue]) -> Iterator[str]:
    """Iterate over the names that turns, ties and cues use."""
    for cohort in cohorts:
        if isinstance(cohort.rhythm, TakingTurns):
            yield from _texts(cohort.rhythm.order)
    for tie in () if callable(ties) else ties:
        yield from _texts(tie)
    for cue in cues:
        members = (getattr(cue.does, name) for name in _members(cue))
        yield from _texts([cue.who, *members])


def _texts(values: Iterable[object]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))


def _listed(cohort: Cohort) -> Sequence[Persona]:
    """Return the personas that may be from a file: a lazy population is not."""
    if isinstance(cohort.personas, Population) or not _all_are(cohort.personas, Persona):
        return ()
    return cohort.personas


def _members(cue: Cue) -> list[str]:
    """Name the fields of a cue's action that hold members."""
    if not isinstance(cue.does, Action):
        return []
    return [field.name for field in fields_of(type(cue.does)) if field.kind == "member"]


def _with_order(cohort: Cohort, handles: Mapping[str, str]) -> Cohort:
    rhythm = cohort.rhythm
    if not isinstance(rhythm, TakingTurns):
        return cohort
    order = [handles.get(speaker, speaker) for speaker in rhythm.order]
    return replace(cohort, rhythm=replace(rhythm, order=order))


def _with_names(cue: Cue, handles: Mapping[str, str]) -> Cue:
    members = {name: getattr(cue.does, name) for name in _members(cue)}
    does = replace(cue.does, **{name: handles.get(one, one) for name, one in members.items()})
    return replace(cue, who=handles.get(cue.who, cue.who), does=does)
