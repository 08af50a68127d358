"""Shows the prompt of a persona at some time, by section, with what a prefix cache can share.

The scenario is played in this process with made-up replies, so the posts in the prompt are made
up too. The times of turns and the lengths of prompts are those of a run.
"""

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from simnet.agents.host import Host
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.prompting import prompts
from simnet.agents.prompting.fitting import Encoder, Versions
from simnet.clock import Seconds, format_time
from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.inference.fakes.fake import FakeModel
from simnet.inference.model import Call
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.runtime.agent_factory import agents_of
from simnet.scenario.original_ids import Roster
from simnet.scenario.scenario import Scenario
from simnet.world.state.posts import View

VIEWS_AT_ONCE = 256
_PERSONA = "\n\nYou are @"


class Section(NamedTuple):
    """One section of a prompt."""

    name: str
    text: str


class Explained(NamedTuple):
    """One prompt of one persona, taken apart."""

    who: str
    cohort: str
    turn: int
    at: Seconds
    sections: tuple[Section, ...]
    """In the order of the prompt, without the empty lines between them."""
    system: str
    user: str
    pattern: str | None
    shared: str
    """The prefix that the prompts of all members of the cohort share."""
    kept: str
    """The prefix shared with the prompt of the persona's next turn; `system` if there is none."""
    next_at: Seconds | None
    """Time of the next turn, if there is one."""


def explain(
    scenario: Scenario, who: str, at: Seconds = 0.0, encoder: Encoder | None = None
) -> Explained:
    """Play a scenario until `who` asks a model at `at` or later, and take that prompt apart.

    With an `encoder`, a prompt that is too long is shortened as in a run. Raises UsageError if
    there is no persona `who`, see `handle_of`, or it asks no model at `at` or later.
    """
    who = handle_of(scenario, who)
    rehearsal = _Rehearsal(scenario, who, at, encoder)
    asyncio.run(rehearsal.play())
    if not rehearsal.prompts:
        raise UsageError(
            f"@{who} asks no model in {scenario.name} at {format_time(at)} or later; give an "
            "earlier --at, or someone else"
        )
    return _explained(rehearsal)


def handle_of(scenario: Scenario, who: str) -> str:
    """Return the handle of a persona by that, by `@` and that, or by its id before its import.

    Raises UsageError if nobody is called so.
    """
    handles = scenario.handles()
    roster = Roster(handles, scenario.cohorts)
    for name in (who, who.removeprefix("@")):
        if (position := roster.position(name)) is not None:
            return handles[position]
    hint = did_you_mean(who.removeprefix("@"), handles)
    raise UsageError(f"--who {who}: there is nobody of that name in {scenario.name}{hint}")


class _Sectioned(NamedTuple):
    """A call, and the sections of its prompt."""

    call: Call
    sections: tuple[Section, ...]


class _Rehearsal:
    """Plays a scenario until two prompts of one persona are known."""

    def __init__(self, scenario: Scenario, who: str, at: Seconds, encoder: Encoder | None) -> None:
        self._kernel = Kernel(scenario)
        self._make = agents_of(scenario)
        self._at = at
        self.who = who
        self.agent: HostedAgent = self._make(who)
        self._others = Host(self._make, FakeModel())
        self._own = Host(lambda _: self.agent, FakeModel(), encoder)
        self.prompts: list[_Sectioned] = []

    async def play(self) -> None:
        kernel, status = self._kernel, Status.FULL
        while status is not Status.DONE and len(self.prompts) < 2:
            status = kernel.advance(VIEWS_AT_ONCE)
            views, kernel.views = kernel.views, []
            kernel.take_rows()
            own = [view for view in views if view.who == self.who]
            others = [view for view in views if view.who != self.who]
            async for thoughts in self._others.think(others):
                kernel.deliver(thoughts.decisions)
            for view in own:
                await self._think(view)

    async def _think(self, view: View) -> None:
        if view.changed is not None:  # the agent has to be what it will be in the turn
            self.agent.take(view.changed, view.now)
            view = view._replace(changed=view.changed._replace(memory=()))
        versions = list(_versions(self.agent, view)) if view.now >= self._at else []
        calls: list[Call] = []
        async for thoughts in self._own.think([view]):
            self._kernel.deliver(thoughts.decisions)
            calls += thoughts.calls
        if versions and calls:
            call = calls[0]
            sent = (call.system, call.user)
            matching = (sections for texts, sections in versions if texts == sent)
            unknown = (Section("system", call.system), Section("user", call.user))
            self.prompts.append(_Sectioned(call, next(matching, unknown)))


def _versions(me: HostedAgent, view: View) -> Iterator[tuple[tuple[str, str], tuple[Section, ...]]]:
    """Yield all prompts that an agent may send about a view, each with its sections.

    These are the full prompt and, for an encoder, the shortened ones.
    """
    head = prompts.layout(me.profile, me.persona)[:-1]
    versions = Versions(me, view)
    for number in range(len(versions)):
        system, memories, seen = versions[number]
        sights = prompts.view_lines(me, seen)
        persona = system[system.rindex(_PERSONA) + 2 :] if _PERSONA in system else system
        texts = (*head, persona, "\n".join(memories), "\n".join(sights))
        names = (*prompts.Layout._fields, "memory", "feed")
        sections = tuple(
            Section(name, text) for name, text in zip(names, texts, strict=True) if text
        )
        yield (system, "\n".join([*memories, *sights])), sections


def _explained(rehearsal: _Rehearsal) -> Explained:
    (call, sections), *later = rehearsal.prompts
    kept, next_at = call.system, None
    for other, _ in later:
        next_at = other.time
        kept = _common_prefix(call.system, other.system)
        if call.system == other.system:
            kept += _common_prefix(call.user, other.user)
    return Explained(
        who=call.who,
        cohort=rehearsal.agent.profile.cohort,
        turn=call.turn,
        at=call.time,
        sections=sections,
        system=call.system,
        user=call.user,
        pattern=call.pattern,
        shared=_shared(rehearsal.agent, call.system),
        kept=kept,
        next_at=next_at,
    )


def _shared(me: HostedAgent, system: str) -> str:
    """Return how the cohort's prompts of this kind begin: of an action, or of other questions."""
    for whole in (me.instructions, me.role):
        head = whole.removesuffix(prompts.introduction(me.persona)) + _PERSONA.lstrip()
        if system.startswith(head):
            return head
    return ""


def _common_prefix(one: str, other: str) -> str:
    """Return the longest common prefix of two texts."""
    pairs = zip(one, other, strict=False)
    length = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    return one[:length]
