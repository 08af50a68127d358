"""An agent as its host drives it: a persona, its memory and the state of its turn."""

from collections.abc import Awaitable, Generator, Hashable, Iterator, Sequence
from copy import copy, deepcopy
from inspect import isasyncgen, iscoroutine
from itertools import islice
from typing import Any

from simnet.agents import reply_flags, reply_words
from simnet.agents.adherence import is_judged, verdict_on
from simnet.agents.ask import TurnAsk
from simnet.agents.chosen_actions import actions_of
from simnet.agents.memory import change_memory, memory_of
from simnet.agents.person_turn import person_first
from simnet.agents.profile import AgentProfile, Chosen
from simnet.agents.prompting import prompts
from simnet.agents.prompting.fitting import Fitting
from simnet.agents.reflection import reflect
from simnet.clock import Seconds
from simnet.errors import ModelError, UserCodeError
from simnet.foundation.user_code import (
    frame_place,
    handed_to,
    is_own,
    mark_boundary,
    name_of,
    raised_by,
    wrong_result,
)
from simnet.inference.model import Completion, Prompt
from simnet.inference.replies.refusals import breaks_role
from simnet.personas.persona import Persona
from simnet.world.actions import Action
from simnet.world.decision import Decision
from simnet.world.state.posts import View
from simnet.world.state.viewer_changes import ViewerChanges

MAX_LENGTH_DIFFERENCE = 8
"""Characters; texts that differ more in length are not compared with posts in view."""
REMEMBERED_GISTS = 256
"""How many of its own last texts an agent checks for repeats."""
RECENT_GISTS = 8
"""How many of them it checks for near repeats."""
_BEHAVIOURS = "simnet.agents.behaviours"
"""Where simnet's own are, some of which call others."""


class HostedAgent:
    """A persona, its cohort's profile and its own memory."""

    __slots__ = (
        "_gists",
        "_instructions",
        "_notes",
        "asks_person",
        "cut",
        "finish",
        "fitting",
        "marked",
        "memory",
        "persona",
        "profile",
        "reply",
    )

    def __init__(self, persona: Persona, profile: AgentProfile) -> None:
        self.persona = persona
        self.profile = profile
        self.memory = memory_of(profile.memory, profile.quoting.quote)
        self._gists: dict[str, None] = {}
        self._instructions: str | None = None
        self._notes: dict[Hashable, Any] | None = None
        self.finish = "stop"
        """How the turn's last completion ended."""
        self.reply = ""
        """Its text."""
        self.cut = False
        """Whether a text of it was over the limit and was cut."""
        self.marked: tuple[str, ...] = ()
        """Flags that the behaviour set in this turn."""
        self.fitting: Fitting | None = None
        """Shortens the turn's prompts; None if the model has no context limit."""
        self.asks_person = False
        """Whether a person is asked in this turn before the behaviour."""

    def twin(self) -> "HostedAgent":
        """Return a copy, whose turns leave this agent as it is.

        Raises what `copy.deepcopy` raises for notes that cannot be copied.
        """
        twin = HostedAgent(self.persona, self.profile)
        twin.memory = copy(self.memory)
        twin._gists.update(self._gists)
        same = {id(key): key for key in self._notes or ()}  # a copy of an object is another key
        twin._instructions, twin._notes = self._instructions, deepcopy(self._notes, same)
        return twin

    def change(self, profile: AgentProfile) -> None:
        """Replace the profile; the memory is kept unless its settings differ."""
        if profile is self.profile:
            return
        if profile.memory != self.profile.memory:
            self.memory = memory_of(profile.memory, profile.quoting.quote)
        self.profile = profile
        self._instructions = None

    def take(self, changes: ViewerChanges, now: Seconds) -> None:
        """Take over what interventions changed."""
        self.change(self.profile.changed(changes.settings))
        change_memory(self.memory, changes.memory, now)

    def changed_copy(self, changes: ViewerChanges, now: Seconds) -> "HostedAgent":
        """Return an agent that has taken over changes, to be asked; this one stays as it is."""
        other = HostedAgent(self.persona, self.profile.changed(changes.settings))
        other.memory = deepcopy(self.memory) if changes.memory else self.memory
        change_memory(other.memory, changes.memory, now)
        return other

    @property
    def notes(self) -> dict[Hashable, Any]:
        """State that a behaviour keeps between turns; see `Agent`."""
        if self._notes is None:
            self._notes = {}
        return self._notes

    @property
    def instructions(self) -> str:
        """The system prompt, the same at every turn."""
        if self._instructions is None:
            self._instructions = prompts.instructions(self.profile, self.persona)
        return self._instructions

    @property
    def role(self) -> str:
        """The system prompt without verbs."""
        return prompts.task_instructions(self.profile, self.persona)

    def mark(self, word: str) -> None:
        """Add a flag to the column `marks` of this turn's events."""
        if word not in self.marked:
            self.marked += (word,)

    def note_finish(self, completion: Completion) -> None:
        """Remember the turn's last completion, for its flags."""
        self.finish, self.reply = completion.finish, completion.text
        self.cut = False
        if completion.reasoning is not None:
            self.mark(reply_flags.REASONING)

    def note_cut(self) -> None:
        """Remember that a text of the turn's last completion was over the limit and was cut."""
        self.cut = True

    def note_reply_of(self, other: "HostedAgent") -> None:
        """Remember the last completion of another agent, which decided for this one."""
        self.finish, self.reply, self.cut = other.finish, other.reply, other.cut
        for mark in other.marked:
            self.mark(mark)

    @mark_boundary(
        lambda run: (
            f"behaviour {name_of(run['self'].profile.behaviour)} of @{run['view'].who}, "
            f"turn {run['view'].turn}"
        )
    )
    def decide(self, view: View) -> Generator[Prompt, Completion, Decision]:
        """Run the behaviour on one view: yields prompts, takes completions, returns a Decision.

        An unusable reply leads to a Decision with a failure. Raises UserCodeError if the
        behaviour is no coroutine or returns anything but actions, and what the behaviour raises;
        see `fail`.
        """
        self.finish, self.reply = "stop", ""
        self.cut = False
        self.marked = ()
        ask = TurnAsk(self, view)
        try:
            chosen = yield from self._start(view, ask).__await__()
            ask.check_awaited()
        except ModelError as error:
            reason = str(error)
            self.memory.note(view, ())
            flags = reply_flags.failure_flags(reason, self.finish, self.reply)
            marks = tuple(dict.fromkeys(flags + self.marked))
            return Decision(view.who, view.turn, (), marks, reason)
        except Exception:
            ask.check_awaited()  # what it raised may come of that
            raise
        actions = actions_of(self.profile.behaviour, chosen)
        flags = self.flaws(actions, view) + self.marked
        self._gists.update(dict.fromkeys(map(reply_words.gist, _texts(actions))))
        while len(self._gists) > REMEMBERED_GISTS:
            del self._gists[next(iter(self._gists))]
        self.memory.note(view, actions)
        if self.memory.reflects:
            yield from reflect(self, view, ask).__await__()
        verdict = None
        if is_judged(self, view):
            verdict = yield from verdict_on(self, list(_texts(actions)), ask).__await__()
        return Decision(view.who, view.turn, actions, flags, verdict=verdict)

    def fail(self, view: View, error: BaseException) -> Decision:
        """Decide a turn whose behaviour raised an error; its other turns go on.

        Raises the error if it is no doing of the user.
        """
        behaviour, profile = self.profile.behaviour, self.profile
        known = isinstance(error, UserCodeError) or frame_place(error.__traceback__) is not None
        inner = "" if known else handed_to(error.__traceback__, _BEHAVIOURS)
        if not known and not inner and is_own(behaviour):
            error.add_note(f"in turn {view.turn} of @{view.who}")
            raise error
        fault = raised_by(
            "behaviour",
            behaviour,
            error,
            name=inner,
            cohort=profile.cohort,
            handle=view.who,
            turn=view.turn,
        )
        fault.__traceback__ = fault.__cause__ = fault.__context__ = None  # they hold all frames
        self.memory.note(view, ())
        marks = (*self.marked, reply_flags.CODE_ERROR)
        return Decision(view.who, view.turn, (), marks, fault.reason, fault)

    def _start(self, view: View, ask: TurnAsk) -> Awaitable[Chosen]:
        if self.asks_person:
            return person_first(self, view, ask, lambda: self._behave(view, ask))
        return self._behave(view, ask)

    def _behave(self, view: View, ask: TurnAsk) -> Awaitable[Chosen]:
        behaviour = self.profile.behaviour
        coroutine = behaviour(self, view, ask)
        if iscoroutine(coroutine) or isinstance(coroutine, Awaitable):  # the first is faster
            return coroutine
        if isasyncgen(coroutine):
            problem = "is a generator, for it has a `yield`; return a list of actions instead"
        else:
            problem = "is not an `async def`"
        raise wrong_result("behaviour", behaviour, problem)

    def flaws(self, actions: Sequence[Action], view: View) -> tuple[str, ...]:
        """List the flags of the texts of a turn."""
        found: dict[str, None] = {}
        gists: set[str] = set()
        for text in _texts(actions):
            if len(text) >= self.profile.text_limit or self.finish == "length" or self.cut:
                found[reply_flags.AT_LIMIT] = None
            if breaks_role(text):
                found[reply_flags.REFUSAL] = None
            if reply_flags.garbled(text):
                found[reply_flags.GARBLED] = None
            found.update(dict.fromkeys(reply_flags.own_flags(self.profile.flagger, text)))
            gist = reply_words.gist(text)
            if self.finish == "repetition" or reply_flags.repeats_itself(text, gist.split()):
                found[reply_flags.REPETITION] = None
            if gist in self._gists or gist in gists or _echoes(text, gist, view):
                found[reply_flags.REPEAT] = None
            elif self._nearly_repeats(text, gist, view):
                found[reply_flags.NEAR_REPEAT] = None
            gists.add(gist)
        return tuple(found)

    def _nearly_repeats(self, text: str, gist: str, view: View) -> bool:
        """Whether most of a text is in one of its own recent texts or in a post in view."""
        parts = reply_flags.pieces(text)
        if any(reply_flags.nearly_holds(post.text, parts) for post in view.posts):
            return True
        parts = reply_flags.pieces(gist)
        recent = islice(reversed(self._gists), RECENT_GISTS)
        return any(reply_flags.nearly_holds(own, parts) for own in recent)


def _texts(actions: Sequence[Action]) -> Iterator[str]:
    texts = (getattr(action, "text", None) for action in actions)
    return (text for text in texts if text and isinstance(text, str))


def _echoes(text: str, gist: str, view: View) -> bool:
    """Whether a text repeats a post in view; texts of different length are not compared."""
    length = len(text)
    for post in view.posts:
        near = abs(len(post.text) - length) <= MAX_LENGTH_DIFFERENCE
        if near and reply_words.gist(post.text) == gist:
            return True
    return False
