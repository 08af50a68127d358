"""Puts handles for ids from before an import, and for names, into interventions."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from simnet.personas.names import normal
from simnet.scenario.cohort import Cohort, handles_of
from simnet.scenario.interventions.intervention import Intervention
from simnet.scenario.interventions.on_world import Act
from simnet.scenario.interventions.schedule import At, When
from simnet.scenario.original_ids import names_of
from simnet.world.actions import Action, fields_of


def with_handles(entries: Sequence[At | When], cohorts: Sequence[Cohort]) -> Sequence[At | When]:
    """Put handles in the place of other names that one persona alone has."""
    if not entries:
        return entries
    everybody = {handle for cohort in cohorts for handle in handles_of(cohort.personas)}
    known = everybody | {cohort.name for cohort in cohorts}
    used = {
        name for entry in entries for one in entry.interventions for name in names_in(one)
    } - known
    if not used:
        return entries
    names = names_of(cohorts)
    found = {name: names[normal(name)] for name in used if normal(name) in names}
    return [_renamed(entry, found) for entry in entries] if found else entries


def names_in(one: Intervention) -> list[str]:
    """List whom an intervention names, those in the action of an Act included."""
    names = list(one.names())
    if isinstance(one, Act) and isinstance(one.does, Action):
        names += [getattr(one.does, name) for name in _members(one.does)]
    return [name for name in names if isinstance(name, str)]


def _members(action: Action) -> list[str]:
    return [field.name for field in fields_of(type(action)) if field.kind == "member"]


def _renamed(entry: At | When, handles: Mapping[str, str]) -> At | When:
    done = [_with_names(one, handles) for one in entry.interventions]
    if isinstance(entry, At):
        return replace(entry, do=done)
    return replace(entry, then=done)


def _with_names(one: Intervention, handles: Mapping[str, str]) -> Intervention:
    if not isinstance(one, Act):
        return one.renamed(handles) if fields(one) else one
    own = {name: getattr(one.does, name) for name in _members(one.does)}
    does = replace(one.does, **{name: handles.get(who, who) for name, who in own.items()})
    return Act(handles.get(one.who, one.who), does)
