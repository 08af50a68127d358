"""The rhythm of rooms: after each turn somebody of the same room wakes.

What the world holds decides who that is, so whoever was named can answer. A turn that failed or
said nothing counts as a turn: a discussion never stops because of a reply that was not given.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Literal, TypeAlias

from simnet.clock import MINUTE, Seconds
from simnet.draws import Draw
from simnet.errors import ScenarioError
from simnet.foundation.arguments import checked
from simnet.foundation.code_names import describe
from simnet.foundation.user_code import (
    mark_boundary,
    name_of,
    raised_by,
    shown,
    wrong_result,
)
from simnet.scenario.discussions.speakers import ChosenByModerator, NextSpeaker, RoundRobin, Turns
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import NOTHING, check_spans
from simnet.world.state.markup import by_any_case, mentioned
from simnet.world.state.rooms import RoomState, find_in_room, room_mates, state_of
from simnet.world.state.world_state import WorldState

Moderates: TypeAlias = Literal["each turn", "when needed", "chooses"]
"""How a moderator takes part: it speaks after each turn; it may speak or pass after each turn; or
it says before each turn who speaks next."""


@dataclass(frozen=True)
class Room:
    """Who is in a room, and how long they talk."""

    name: str
    """Its name, unique in the scenario."""
    participants: Sequence[str]
    """Handles of those who take turns."""
    moderator: str | None = None
    """Handle of the moderator; None is nobody."""
    turns: int = 10
    """Turns of participants; those of the moderator come in addition."""
    speakers: NextSpeaker = field(default_factory=RoundRobin)
    """The rule that says who speaks next."""
    opening: tuple[str, str] | None = None
    """A handle, and what it says last before the first turn."""

    def everyone(self) -> list[str]:
        """List participants and moderator."""
        return [*self.participants, *([] if self.moderator is None else [self.moderator])]

    @mark_boundary(lambda run: f"speakers of room {run['self'].name!r}")
    def ask(self, turns: Turns, draw: Draw) -> int:
        """Ask `speakers` who is next. Raises UserCodeError unless it is one of the participants."""
        name = f"{name_of(self.speakers)} of room {self.name!r}"
        try:
            place = self.speakers(turns, draw)
        except BaseException as error:  # a rule may raise SystemExit too
            raise raised_by("rhythm", self.speakers, error, name=name) from error
        is_number = isinstance(place, Integral) and not isinstance(place, bool)
        if is_number and place in turns.participants:
            return int(place)
        among = shown(list(turns.participants))
        problem = f"returned {shown(place)}; return one of turns.participants, {among}"
        raise wrong_result("rhythm", self.speakers, problem, name=name)


@checked
@dataclass(frozen=True)
class TurnsInRooms:
    """Wake one member of each room at a time, `every` simulated seconds after the turn before.

    Raises ScenarioError for a room without participants or turns, a person in two rooms, and
    speakers who are chosen by a moderator that the room does not have. A scenario has to have
    everybody in the rooms.
    """

    rooms: Sequence[Room]
    """The rooms; a persona is in one at most."""
    every: Seconds = MINUTE
    triggered_by: frozenset[str] = NOTHING
    """Kinds of events that wake members besides."""
    _room_of: dict[str, Room] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_spans(self, every=self.every)
        names: set[str] = set()
        room_of: dict[str, Room] = {}
        for room in self.rooms:
            _check(room)
            if room.name in names:
                raise ScenarioError(
                    f"two rooms are called {room.name!r}; give each a name of its own"
                )
            names.add(room.name)
            for who in room.everyone():
                if who in room_of:
                    raise ScenarioError(
                        f"@{who} is in room {room_of[who].name!r} and in room {room.name!r}; a "
                        "persona is in one room, so give another to one of them"
                    )
                room_of[who] = room
        object.__setattr__(self, "_room_of", room_of)

    def all_speakers(self) -> Iterable[str]:
        """Return the handles of everybody in the rooms."""
        return self._room_of

    def first(self, who: str, draw: Draw) -> Seconds | None:
        """Wake the first speaker of each room at 0: the moderator, if it chooses."""
        room = self._room_of.get(who)
        return 0.0 if room is not None and who == self._first_of(room, draw) else None

    def _first_of(self, room: Room, draw: Draw) -> str | None:
        if isinstance(room.speakers, ChosenByModerator):
            return room.moderator
        turns = Turns(range(len(room.participants)), (), _named_first(room), None)
        return room.participants[room.ask(turns, draw.shared(room.name, "first speaker"))]

    def after(self, who: str, turn: int, now: Seconds, draw: Draw) -> Seconds | None:
        """Wait until somebody hands over."""
        return None

    def triggered(self, who: str, now: Seconds, draw: Draw) -> Seconds:
        """Wake some time after the turn before."""
        return now + self.every

    def hands_over(self, world: WorldState, member: int, now: Seconds, draw: Draw) -> int | None:
        """Return the member who speaks after a turn of `member`; None ends the discussion.

        The turn of a suspended participant does not count.
        """
        room = self._room_of.get(world.handles[member])
        if room is None:
            return None
        state = state_of(world, room.name)
        chooses = isinstance(room.speakers, ChosenByModerator)
        moderator = None if room.moderator is None else world.index[room.moderator]
        if member != moderator:
            if not world.is_suspended(member, now):
                state.speakers.append(member)
            state.floor = None
            over = len(state.speakers) >= room.turns
            if moderator is not None and not (over and chooses):
                return moderator
        if len(state.speakers) >= room.turns:
            return None
        members = [world.index[who] for who in room.participants]
        return members[room.ask(_turns(world, state, members, moderator, now), draw)]

    def expected(self, handles: Sequence[str]) -> float:
        """Return how many turns these members take, if turns are spread evenly."""
        counts = 0.0
        for who in handles:
            room = self._room_of.get(who)
            if room is not None:
                each = 1.0 if who == room.moderator else 1 / len(room.participants)
                counts += room.turns * each
        return counts


def _check(room: Room) -> None:
    """Raise ScenarioError for a room in which no discussion can be held."""
    if not room.participants:
        raise ScenarioError(f"room {room.name!r} has no participants")
    if room.turns < 1:
        raise ScenarioError(f"room {room.name!r}: turns={room.turns}; give 1 or more")
    if isinstance(room.speakers, ChosenByModerator) and room.moderator is None:
        raise ScenarioError(f"room {room.name!r} has no moderator who could choose")
    check_once(f"room {room.name!r}", room.everyone())


def check_once(where: str, people: Iterable[str]) -> None:
    """Raise ScenarioError for somebody who is twice among the people of a room."""
    for who, times in Counter(people).items():
        if times > 1:
            raise ScenarioError(
                f"{where} has @{who} twice; name everyone once, as participant or as moderator, "
                "and give namesakes other ids"
            )


def check_chooses(where: str, rule: NextSpeaker, moderates: Moderates) -> None:
    """Raise ScenarioError if a rule, or one behind it, waits for a moderator who is not asked."""
    behind: object = rule
    while behind is not None and moderates != "chooses":
        if isinstance(behind, ChosenByModerator):
            raise ScenarioError(
                f"{where}: speakers={describe(rule)}, and moderates={moderates!r}, so the "
                "moderator is not asked who speaks; give moderates='chooses'"
            )
        behind = getattr(behind, "otherwise", None)


def _named_first(room: Room) -> Sequence[int]:
    """List the participants whom the opening of a room names."""
    if room.opening is None:
        return ()
    speaker, text = room.opening
    exact = {who: place for place, who in enumerate(room.participants)}
    folded = by_any_case(room.participants)

    def find(handle: str) -> int | None:
        place = exact.get(handle, folded.get(handle.casefold(), -1))
        return None if place < 0 else place

    named = mentioned(text, lambda handle: find_in_room(find, speaker, handle))
    return [place for place in named if room.participants[place] != speaker]


def _named(world: WorldState, state: RoomState, but: int | None = None) -> list[int]:
    """List the members whom the last text of a room names and who may still answer it.

    Texts of the member `but` are passed over.
    """
    posts = ((world.posts[post], place) for place, post in enumerate(reversed(state.posts), 1))
    last, place = next((one for one in posts if one[0].author_index != but), (None, 0))
    if last is None:
        return []
    # Whoever had a turn since and said nothing would otherwise be asked over and over again.
    silent = state.speakers[state.turns_before[-place] :]
    named = mentioned(last.text, room_mates(world, last.author_index))
    return [one for one in named if one != last.author_index and one not in silent]


def _turns(
    world: WorldState,
    state: RoomState,
    members: Sequence[int],
    moderator: int | None,
    now: Seconds,
) -> Turns:
    """Tell a rule what happened in the room of these participants.

    It is as if those who are suspended were not in it, unless all are.
    """
    everyone = {member: place for place, member in enumerate(members)}
    present = {one: at for one, at in everyone.items() if not world.is_suspended(one, now)}
    place_of = present or everyone
    moderated = bool(state.posts) and world.posts[state.posts[-1]].author_index == moderator
    before = _named(world, state, but=moderator) if moderated else ()
    return Turns(
        list(place_of.values()),
        [place_of[one] for one in state.speakers if one in place_of],
        [place_of[one] for one in _named(world, state) if one in place_of],
        None if state.floor is None else place_of.get(state.floor),
        [place_of[one] for one in before if one in place_of] or (),
    )


def length_of(rooms: Sequence[Room], every: Seconds, reacts_in: Seconds) -> Seconds:
    """Return how long the longest discussion takes."""
    turns = max((room.turns * (1 if room.moderator is None else 2) for room in rooms), default=0)
    return (turns + 1) * (every + reacts_in)


def floors_of(scenario: Scenario) -> dict[str, TurnsInRooms]:
    """Return the rhythms of a scenario by which members hand over to one another, by cohort."""
    return {
        cohort.name: cohort.rhythm
        for cohort in scenario.cohorts
        if isinstance(cohort.rhythm, TurnsInRooms)
    }


def next_speaker(
    floors: Mapping[str, TurnsInRooms], world: WorldState, member: int, turn: int, now: Seconds
) -> int | None:
    """Return whom the rhythm of a member's cohort wakes after a turn of the member; None: nobody.

    `floors` are the rhythms by cohort.
    """
    rhythm = floors.get(world.cohorts[member])
    if rhythm is None:
        return None
    return rhythm.hands_over(
        world, member, now, Draw(world.facts.seed, world.handles[member], turn, "floor")
    )
