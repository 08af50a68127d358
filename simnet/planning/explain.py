"""What a persona is told at some time of a scenario, in its parts, with what a cache may share.

The scenario is played in this process with made-up replies, so what others said in it is made
up too; who looks when, and how long a prompt is, is as in a run.
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
from simnet.inference.fake import FakeModel
from simnet.inference.model import Call
from simnet.kernel.kernel import Kernel, Status
from simnet.runtime.agent_factory import agents_of
from simnet.scenario.scenario import Scenario
from simnet.text import did_you_mean
from simnet.world.posts import View

VIEWS_AT_ONCE = 256
_PERSONA = "\n\nYou are @"


class Section(NamedTuple):
    """One part of a prompt."""

    name: str
    text: str


class Explained(NamedTuple):
    """One prompt of one persona."""

    who: str
    cohort: str
    turn: int
    at: Seconds
    sections: tuple[Section, ...]
    """In the order in which a model reads them, without the empty lines between them."""
    system: str
    user: str
    pattern: str | None
    shared: str
    """How the prompts of all members of the cohort begin."""
    kept: str
    """How the prompt of the persona's next turn begins too; all of `system`, if there is none."""
    next_at: Seconds | None
    """When the next turn is, if there is one."""


def explain(
    scenario: Scenario, who: str, at: Seconds = 0.0, encoder: Encoder | None = None
) -> Explained:
    """Play a scenario until `who` asks a model at `at` or later, and take the prompt apart.

    With an `encoder`, a prompt that is too long is shortened as in a run. Raises UsageError if
    there is nobody of that name, or they ask no model from then on.
    """
    handles = scenario.handles()
    if who not in handles:
        hint = did_you_mean(who, handles)
        raise UsageError(f"--who {who}: there is nobody of that name in {scenario.name}{hint}")
    stage = _Rehearsal(scenario, who, at, encoder)
    asyncio.run(stage.play())
    if not stage.told:
        raise UsageError(
            f"@{who} asks no model in {scenario.name} at {format_time(at)} or later; give an "
            "earlier --at, or someone else"
        )
    return _explained(stage)


class _Told(NamedTuple):
    call: Call
    sections: tuple[Section, ...]


class _Rehearsal:
    """Plays a scenario and keeps what one persona was told in two turns."""

    def __init__(self, scenario: Scenario, who: str, at: Seconds, encoder: Encoder | None) -> None:
        self._kernel = Kernel(scenario)
        self._make = agents_of(scenario)
        self._at = at
        self.who = who
        self.agent: HostedAgent = self._make(who)
        self._others = Host(self._make, FakeModel())
        self._own = Host(lambda _: self.agent, FakeModel(), encoder)
        self.told: list[_Told] = []

    async def play(self) -> None:
        kernel, status = self._kernel, Status.FULL
        while status is not Status.DONE and len(self.told) < 2:
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
        versions = list(_versions(self.agent, view)) if view.now >= self._at else []
        calls: list[Call] = []
        async for thoughts in self._own.think([view]):
            self._kernel.deliver(thoughts.decisions)
            calls += thoughts.calls
        if versions and calls:
            call = calls[0]
            same = (sections for told, sections in versions if told == (call.system, call.user))
            plain = (Section("system", call.system), Section("user", call.user))
            self.told.append(_Told(call, next(same, plain)))


def _versions(me: HostedAgent, view: View) -> Iterator[tuple[tuple[str, str], tuple[Section, ...]]]:
    """List all that an agent may be told about a view, with its parts."""
    head = prompts.layout(me.profile, me.persona)[:-1]
    versions = Versions(me, view)
    for number in range(len(versions)):
        system, memories, seen = versions[number]
        sights = prompts.sights(me, seen)
        persona = system[system.rindex(_PERSONA) + 2 :] if _PERSONA in system else system
        texts = (*head, persona, "\n".join(memories), "\n".join(sights))
        names = (*prompts.Layout._fields, "memory", "feed")
        sections = tuple(Section(*one) for one in zip(names, texts, strict=True) if one[1])
        yield (system, "\n".join([*memories, *sights])), sections


def _explained(stage: _Rehearsal) -> Explained:
    (call, sections), *later = stage.told
    head = "\n\n".join(filter(None, prompts.layout(stage.agent.profile, stage.agent.persona)[:-1]))
    shared = f"{head}{_PERSONA}" if call.system.startswith(f"{head}{_PERSONA}") else ""
    kept, next_at = call.system, None
    for other, _ in later:
        next_at = other.at
        kept = _beginning(call.system, other.system)
        if call.system == other.system:
            kept += _beginning(call.user, other.user)
    return Explained(
        call.who,
        stage.agent.profile.cohort,
        call.turn,
        call.at,
        sections,
        call.system,
        call.user,
        call.pattern,
        shared,
        kept,
        next_at,
    )


def _beginning(one: str, other: str) -> str:
    """Return what two texts begin with alike."""
    pairs = zip(one, other, strict=False)
    length = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    return one[:length]
