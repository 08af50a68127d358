"""Scenarios in which what logs of SynDisco say is said again, so that they become runs."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from simnet.clock import MINUTE, Seconds
from simnet.errors import InputError
from simnet.foundation.arguments import checked
from simnet.personas.names import normal, sanitised
from simnet.personas.persona import Persona
from simnet.scenario.cohort import Cohort, Cue
from simnet.scenario.discussions.discussion import MODERATORS, PARTICIPANTS
from simnet.scenario.scenario import Scenario
from simnet.scenario.syndisco.actor_settings import NAMES, make_persona
from simnet.scenario.syndisco.discussion_logs import HARDCODED, DiscussionLog
from simnet.scenario.syndisco.marked_fields import Fields
from simnet.scenario.timing.rhythms import Never
from simnet.world.state.rooms import ATTRIBUTE
from simnet.world.verbs.discussing import Say

MODEL = "model"
"""The attribute of a persona with the model that wrote its comments; no model is told of it."""
_TRAITS = re.compile(r"Your traits: (.*?) Your instructions:", re.DOTALL)
_NEXT = re.compile(r"(?:^|, )(\w+): ")


class _Member(NamedTuple):
    persona: Persona
    moderates: bool


@checked
def logged_discussions(
    logs: Sequence[DiscussionLog], *, name: str = "logged discussions", every: Seconds = MINUTE
) -> Scenario:
    """Make a scenario in which each log is a discussion in a room of its own, and nobody wakes.

    Its run holds the comments as posts, one each `every` seconds, so whatever takes a run takes
    them. Comments without text are left out. Personas have the attributes that the log has of
    them; `room` and `model` are set here, whatever the log has. Of several logs, the handles of the
    second end with `-2`, and so on. Raises InputError for a log of annotations or one without
    comments.
    """
    members: list[_Member] = []
    cues: list[Cue] = []
    for number, log in enumerate(logs, 1):
        handles = _members(log, number, members)
        said = [one for one in log.comments if one.text.strip()]
        cues += [
            Cue(place * every, handles[one.name], Say(one.text.strip()))
            for place, one in enumerate(said)
        ]
    groups = ((PARTICIPANTS, False), (MODERATORS, True))
    cohorts = [
        Cohort(cohort, people, verbs=(Say,), rhythm=Never())
        for cohort, moderates in groups
        if (people := [one.persona for one in members if one.moderates == moderates])
    ]
    if not cues:
        raise InputError("there are no comments in the logs; give logs of discussions")
    return Scenario(name, cohorts, cues=cues, lasts=max(cue.at for cue in cues) + every)


def _members(log: DiscussionLog, number: int, members: list[_Member]) -> dict[str, str]:
    """Add the personas of a log; return the handle of each name in it."""
    if log.of_annotation:
        raise InputError(f"{log.source} is a log of annotations, not of a discussion")
    models = {one.name: one.model for one in log.comments if one.model not in {None, HARDCODED}}
    names = dict.fromkeys([*log.users, *(one.name for one in log.comments)])
    if log.moderator:
        names[log.moderator] = None
    suffix = f"-{number}" if number > 1 else ""
    handles: dict[str, str] = {}
    for name in names:
        persona = _persona(name, log.prompt_of(name))
        handle = f"{persona.id}{suffix}"
        while handle in handles.values():
            handle += "_"
        hidden = {ATTRIBUTE: f"discussion {number}", MODEL: models.get(name)}
        told = {"attributes": {**persona.attributes, **hidden}, "untold": (ATTRIBUTE, MODEL)}
        persona = persona.model_copy(update={"id": handle, **told})
        members.append(_Member(persona, moderates=log.moderates(name)))
        handles[name] = handle
    return handles


def _persona(name: str, prompt: str | None) -> Persona:
    """Make the persona that a prompt describes: its traits, or all of it in words."""
    if not prompt:
        return Persona(id=sanitised(normal(name)))
    told = traits_in(prompt)
    if told is None:
        return Persona(id=sanitised(normal(name)), description=prompt[:20_000])
    own = {key: one for key, one in told.items() if key not in NAMES}
    return make_persona(name, own, Fields({}))


def traits_in(prompt: str) -> Mapping[str, Any] | None:
    """Find the attributes in a prompt of SynDisco; None where it has them in no known form.

    Release 2 has a JSON object with `persona`; release 1 has `Your traits: NAME: VALUE, ...`.
    """
    if prompt.lstrip().startswith("{"):
        try:
            persona = json.loads(prompt).get("persona")
        except (ValueError, AttributeError, RecursionError):
            return None
        return persona if isinstance(persona, dict) else None
    found = _TRAITS.search(prompt)
    if found is None:
        return None
    parts = _NEXT.split(found[1])
    if len(parts) < 3:
        return {"attributes": [one.strip() for one in found[1].split(",") if one.strip()]}
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {key: _value(value) for key, value in pairs}


def _value(written: str) -> Any:
    """Read a trait as Python writes it: a whole number, a list of texts, or a text."""
    written = written.strip()
    if re.fullmatch(r"[0-9]{1,9}", written):
        return int(written)
    if len(written) > 1 and written[0] == written[-1] == '"':
        return written[1:-1]
    if written.startswith("[") and written.endswith("]"):
        return [one[0] or one[1] for one in re.findall(r"'([^']*)'|\"([^\"]*)\"", written)]
    return written
