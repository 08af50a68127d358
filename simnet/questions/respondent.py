"""A persona that is asked: the part of its prompts that does not depend on the question."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from simnet import draws
from simnet.agents.formats.lenient_reader import own_names
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.prompting import prompts
from simnet.clock import Seconds
from simnet.world.state.posts import View, shown_text
from simnet.world.state.viewer_changes import ViewerChanges


@dataclass(frozen=True)
class Respondent:
    """A persona at one time: what its prompts have in common, and which model it asks."""

    who: str
    cohort: str
    at: Seconds
    """When it is asked; infinity is after the end."""
    names: Sequence[str]
    """What a reply may begin with."""
    system: str
    """Setting, note about quotations, manner and persona."""
    state: str
    """What it remembers, and what it was shown last; empty if nothing."""
    model: str | None
    adapter: str | None
    temperature: float


def asked_view(
    seen: View | None, who: str, now: Seconds, changed: ViewerChanges | None, *, turn: int = 0
) -> View:
    """Return what somebody has in mind who is asked at a time.

    `seen` is what they were shown last, None if nothing. `changed` is what interventions changed
    about them since then; with it is the news that was shown to them last.
    """
    view = seen or View(who=who, turn=turn, now=now, seed=0, posts=(), why=())
    if view.changed is not None and view.changed.news:
        changed = changed or ViewerChanges(view.changed.settings)
        changed = changed._replace(news=(*view.changed.news, *changed.news))
    return view._replace(turn=turn, now=now, changed=changed)


def respondent_of(agent: HostedAgent, view: View, at: Seconds) -> Respondent:
    """Describe a persona at the time of a view made by `asked_view`; the agent does not change."""
    if view.changed is not None:
        agent = agent.changed_copy(view.changed, view.now)
    profile = agent.profile
    lines = list(agent.memory.lines(view))
    if view.posts:
        seen = view._replace(refused=(), messages=(), news=(), suggested=(), groups=())
        lines += ["What you saw last:", *profile.post_format.posts(seen)]
    if view.changed is not None and view.changed.news:
        lines += ["What you heard last:", *map(shown_text, view.changed.news)]
    return Respondent(
        who=view.who,
        cohort=profile.cohort,
        at=at,
        names=own_names(agent.persona),
        system=prompts.task_instructions(profile, agent.persona),
        state="\n".join(lines),
        model=profile.model,
        adapter=profile.adapter,
        temperature=profile.temperature,
    )


def question_seed(seed: int, survey: str, one: Respondent, question: str) -> int:
    """Return the seed of the first reply of a persona to a question of a survey."""
    at = "inf" if one.at == inf else repr(float(one.at))
    return draws.sampling_seed(seed, survey, at, one.who, question)


def repeat_seed(seed: int, attempt: int) -> int:
    """Return the seed of one of several replies to a question; that of attempt 0 is `seed`."""
    return draws.sampling_seed(seed, attempt) if attempt else seed
