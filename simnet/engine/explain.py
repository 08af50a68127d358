"""What a persona is told at some time of a scenario, in its parts, with what a cache may share.

The scenario is played in this process with made-up replies, so what others said in it is made
up too; who looks when, and how long a prompt is, is as in a run.
"""

import asyncio
import os.path
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from simnet.agents import prompts
from simnet.agents.agent import Agent
from simnet.agents.fitting import Encoder
from simnet.agents.host import Host
from simnet.clock import Seconds, format_time
from simnet.engine.kernel import Kernel, Status
from simnet.engine.population import agents_of
from simnet.errors import UsageError
from simnet.inference.fake import FakeModel
from simnet.inference.model import Call
from simnet.scenario.scenario import Scenario
from simnet.world.posts import View

VIEWS_AT_ONCE = 256


class Part(NamedTuple):
    """One part of a prompt."""

    name: str
    text: str


class Explained(NamedTuple):
    """One prompt of one persona."""

    who: str
    cohort: str
    turn: int
    at: Seconds
    parts: tuple[Part, ...]
    """In the order in which a model reads them."""
    system: str
    user: str
    pattern: str | None
    shared: str
    """How it begins as that of every other member of the cohort does."""
    kept: str
    """How it begins as that of the persona's next turn does."""
    next_at: Seconds | None
    """When that turn is; None if there is none, and `kept` is then what never changes."""


def explain(
    scenario: Scenario, who: str, at: Seconds = 0.0, encoder: Encoder | None = None
) -> Explained:
    """Play a scenario until `who` looks at `at` or later, and take the prompt apart.

    With an `encoder`, a prompt that is too long is cut as in a run. Raises UsageError if there
    is nobody of that name, or they ask no model from then on.
    """
    handles = scenario.handles()
    if who not in handles:
        close = get_close_matches(who, handles, 1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"--who {who}: there is nobody of that name in {scenario.name}{meant}")
    taken = asyncio.run(_Listener(scenario, who, at, encoder).listen())
    if not taken:
        raise UsageError(
            f"@{who} asks no model in {scenario.name} at {format_time(at)} or later; "
            "give an earlier --at"
        )
    cohort = next(
        c for c in scenario.cohorts if any(who == one for one in handles_in(scenario, c.name))
    )
    return _explained(scenario, cohort.name, taken)


def handles_in(scenario: Scenario, cohort: str) -> list[str]:
    """List the members of a cohort."""
    from simnet.scenario.scenario import handles_of  # noqa: PLC0415

    return [h for c in scenario.cohorts if c.name == cohort for h in handles_of(c.personas)]
