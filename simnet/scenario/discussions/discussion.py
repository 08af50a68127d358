"""Makes a scenario of discussions, each in a room of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from simnet import draws
from simnet.agents.behaviours.standard import converse
from simnet.agents.profile import Behaviour
from simnet.clock import MINUTE, Seconds
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.text import did_you_mean
from simnet.foundation.user_code import shown
from simnet.personas.persona import Persona
from simnet.scenario.cohort import Cohort, Cue
from simnet.scenario.discussions.giving_floor import gives_floor
from simnet.scenario.discussions.speakers import ChosenByModerator, NextSpeaker, RoundRobin
from simnet.scenario.discussions.turn_taking import (
    Moderates,
    Room,
    TurnsInRooms,
    check_chooses,
    check_once,
    length_of,
)
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Never
from simnet.world.actions import Action
from simnet.world.feeds.feed import Feed
from simnet.world.state.rooms import ATTRIBUTE, said_in_room
from simnet.world.verbs import Pass
from simnet.world.verbs.discussing import GiveFloor, Say

CONTEXT = "You are taking part in an online conversation."
INSTRUCTIONS = "Act like a human would."
MODERATION = "You are a moderator. Oversee the conversation."
PARTICIPANTS, MODERATORS, OPENERS = "participants", "moderators", "openers"
"""The cohorts of a scenario of discussions. People with a model of their own are in cohorts whose
names end with the name of the model."""


@checked
@dataclass(frozen=True)
class Discussion:
    """One discussion: who takes part, what it begins with, who speaks next, and how long."""

    participants: Sequence[Persona]
    """Who takes part; each handle once."""
    opinions: Sequence[str | tuple[str, str]] = ()
    """What is said before the first turn: texts, or (handle, text); texts are voiced by the
    participants in turn. A handle that is no participant's belongs to somebody who only opens."""
    moderator: Persona | None = None
    """Who oversees it; None is nobody."""
    speakers: NextSpeaker = field(default_factory=RoundRobin)
    """The rule that says who speaks next."""
    turns: int = 10
    """Turns of participants, those of the moderator not counted."""
    active: int | None = None
    """How many of the participants are drawn to take part; None is all."""

    def __post_init__(self) -> None:
        if not self.participants:
            raise ScenarioError("a discussion has no participants; give one or more personas")
        if self.turns < 1:
            raise ScenarioError(f"a discussion has turns={self.turns}; give 1 or more")
        if self.active is not None and not 1 <= self.active <= len(self.participants):
            raise ScenarioError(
                f"a discussion has active={self.active}; give 1 to {len(self.participants)}, the "
                "number of participants"
            )
        for opinion in self.opinions:
            if not _is_opinion(opinion):
                raise ScenarioError(
                    f"an opinion that a discussion begins with is {shown(opinion)}; give a "
                    "text, or (handle, text)"
                )
            if not (opinion if isinstance(opinion, str) else opinion[1]).strip():
                raise ScenarioError("an opinion that a discussion begins with is empty")


def _is_opinion(value: object) -> bool:
    if isinstance(value, tuple | list):
        return len(value) == 2 and all(isinstance(one, str) for one in value)
    return isinstance(value, str)


@checked
def discussions(
    given: Sequence[Discussion],
    *,
    name: str = "discussions",
    context: str = CONTEXT,
    instructions: str = INSTRUCTIONS,
    moderation: str = MODERATION,
    moderates: Moderates = "each turn",
    history: int = 5,
    every: Seconds = MINUTE,
    text_limit: int = 500,
    resamples: int = 0,
    behaviour: Behaviour = converse,
    model: str | Mapping[str, str] | None = None,
    temperature: float = 0.8,
    seed: int = 0,
) -> Scenario:
    """Make a scenario in which all discussions run at once, each in a room of its own.

    Everyone sees the last `history` comments of their room. `context` is the setting,
    `instructions` and `moderation` are what participants and moderators are told. A moderator
    speaks after each turn, or when needed (then it may pass), or `chooses` who speaks next. `model`
    is the name of a model of the run, for everybody or by handle; None is its default.

    Of several discussions, the handles of the second get the suffix `-2`, and so on, so that one
    person can be in many. The attribute `room` of a persona names the room, so that none has one
    of its own. Raises ScenarioError for a discussion that cannot be held.
    """
    if not given:
        raise ScenarioError(f"{name}: there are no discussions; give one or more")
    if history < 1:
        raise ScenarioError(f"{name}: history={history}; show one comment or more")
    makers = [_Maker(one, number, len(given), seed) for number, one in enumerate(given, 1)]
    _check_handles(makers)
    _check_models(given, model)
    rooms = [one.room(moderates) for one in makers]
    like = Cohort(
        PARTICIPANTS,
        [persona for one in makers for persona in one.participants],
        instructions,
        behaviour=behaviour,
        verbs=(Say,),
        rhythm=TurnsInRooms(rooms, every),
        reacts_in=every / 2,
        feed=Feed(reads=said_in_room, size=history, fresh=False, own=True, oldest_first=True),
        text_limit=text_limit,
        resamples=resamples,
        temperature=temperature,
    )
    cohorts = [like, *_moderators(makers, like, moderation, moderates)]
    cohorts = [part for cohort in cohorts for part in _by_model(cohort, model, makers)]
    return Scenario(
        name,
        [*cohorts, *_openers(makers)],
        cues=[cue for one in makers for cue in one.cues],
        setting=context,
        lasts=length_of(rooms, every, every / 2),
        seed=seed,
    )


def _check_handles(makers: "Sequence[_Maker]") -> None:
    """Raise ScenarioError for a handle that people of two rooms would have."""
    room_of: dict[str, str] = {}
    for maker in makers:
        for handle in maker.handles():
            if handle in room_of:
                raise ScenarioError(
                    f"@{handle.removesuffix(maker.suffix)} of {maker.name} gets the handle "
                    f"{handle!r}, which somebody of {room_of[handle]} has; give one of them "
                    "another id"
                )
            room_of[handle] = maker.name


def is_of_moderators(cohort: str) -> bool:
    """Whether a cohort is of moderators of discussions."""
    return cohort.partition(" ")[0] == MODERATORS


def _check_models(given: Sequence[Discussion], model: str | Mapping[str, str] | None) -> None:
    """Raise ScenarioError for a model of somebody who is in no discussion."""
    if not isinstance(model, Mapping):
        return
    people = [one for of in given for one in (*of.participants, of.moderator) if one is not None]
    known = {one.id for one in people}
    for who in model:
        if who not in known:
            hint = did_you_mean(who, known) or "; name participants and moderators"
            raise ScenarioError(f"discussions(model=...): nobody is called @{who}{hint}")


def _by_model(
    cohort: Cohort, model: str | Mapping[str, str] | None, makers: "Sequence[_Maker]"
) -> list[Cohort]:
    """Part the people of a cohort by their models; those of the default come first."""
    if not isinstance(model, Mapping):
        return [replace(cohort, model=model)]
    own = {f"{who}{one.suffix}": name for one in makers for who, name in model.items()}
    found: dict[str | None, list[Persona]] = {None: []}
    for persona in cohort.personas:
        found.setdefault(own.get(persona.id), []).append(persona)
    return [
        replace(cohort, name=f"{cohort.name} {name or ''}".strip(), personas=people, model=name)
        for name, people in found.items()
        if people
    ]


def _moderators(
    makers: "Sequence[_Maker]", like: Cohort, moderation: str, moderates: Moderates
) -> list[Cohort]:
    people = [one.moderator for one in makers if one.moderator is not None]
    if not people:
        return []
    chooses = moderates == "chooses"
    cohort = replace(
        like,
        name=MODERATORS,
        personas=people,
        manner=moderation,
        behaviour=gives_floor if chooses else converse,
        verbs=_verbs(moderates),
    )
    return [cohort]


def _openers(makers: "Sequence[_Maker]") -> list[Cohort]:
    people = [persona for one in makers for persona in one.openers]
    return [Cohort(OPENERS, people, verbs=(Say,), rhythm=Never())] if people else []


def _verbs(moderates: Moderates) -> tuple[type[Action], ...]:
    match moderates:
        case "each turn":
            return (Say,)
        case "when needed":
            return (Say, Pass)
        case _:
            return (GiveFloor,)


class _Maker:
    """The people, the room and the cues of one discussion."""

    def __init__(self, given: Discussion, number: int, of: int, seed: int) -> None:
        self._given = given
        self.name = f"discussion {number}"
        self.suffix = f"-{number}" if of > 1 and number > 1 else ""
        moderators = [] if given.moderator is None else [given.moderator]
        check_once(self.name, [one.id for one in (*given.participants, *moderators)])
        active = _drawn(given.participants, given.active, seed, number)
        self.participants = [self._placed(persona) for persona in active]
        self.moderator: Persona | None = None
        if given.moderator is not None:
            others = [persona.id for persona in self.participants]
            self.moderator = self._placed(given.moderator, others)
        names = {persona.id for persona in (*active, *moderators)}
        voiced = [
            (active[place % len(active)].id, one) if isinstance(one, str) else one
            for place, one in enumerate(given.opinions)
        ]
        strangers = dict.fromkeys(who for who, _ in voiced if who not in names)
        self.openers = [self._placed(Persona(id=who)) for who in strangers]
        said = [(f"{who}{self.suffix}", text.strip()) for who, text in voiced]
        self.cues = [Cue(0, who, Say(text)) for who, text in said]
        self._opening = said[-1] if said else None

    def handles(self) -> list[str]:
        """List the handles of everybody in the room."""
        moderators = [] if self.moderator is None else [self.moderator]
        return [one.id for one in (*self.participants, *moderators, *self.openers)]

    def room(self, moderates: Moderates) -> Room:
        """Return the room."""
        given = self._given
        check_chooses(self.name, given.speakers, moderates)
        return Room(
            self.name,
            [persona.id for persona in self.participants],
            None if self.moderator is None else self.moderator.id,
            given.turns,
            ChosenByModerator(given.speakers)
            if moderates == "chooses" and self.moderator is not None
            else given.speakers,
            self._opening,
        )

    def _placed(self, persona: Persona, others: Sequence[str] = ()) -> Persona:
        hidden = {ATTRIBUTE: self.name, **({"others": list(others)} if others else {})}
        for name in sorted(hidden.keys() & persona.attributes.keys()):
            raise ScenarioError(
                f"{self.name}: @{persona.id} has an attribute {name!r}, which the discussion sets; "
                "remove it, or give it another name"
            )
        return persona.model_copy(
            update={
                "id": f"{persona.id}{self.suffix}",
                "attributes": {**persona.attributes, **hidden},
                "untold": (*persona.untold, *hidden),
            }
        )


def _drawn(people: Sequence[Persona], count: int | None, seed: int, number: int) -> list[Persona]:
    """Draw participants by hash, in their order, so that each room has others."""
    if count is None:
        return list(people)
    ranked = sorted(people, key=lambda one: draws.bits(seed, "active", number, one.id))
    kept = {one.id for one in ranked[:count]}
    return [one for one in people if one.id in kept]
