"""Chooses the personas that are asked, and finds the state of each at a time of the run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from simnet import draws
from simnet.agents.formats.lenient_reader import own_names
from simnet.agents.prompting import prompts
from simnet.clock import Seconds, format_time
from simnet.errors import RunError, UsageError
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.run import Run
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.runs.replayer import Replayer
from simnet.scenario.cohort import handles_of
from simnet.scenario.original_ids import Roster
from simnet.scenario.scenario import Scenario
from simnet.text import did_you_mean
from simnet.world.state.posts import View

COHORT = "cohort:"


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
    """Setting, manner and persona."""
    state: str
    """What it remembers, and what it was shown last; empty if nothing."""
    model: str | None
    adapter: str | None
    temperature: float


class Chosen(NamedTuple):
    """Who is asked: handles, in the order of the scenario."""

    handles: Sequence[str]


def choose(
    scenario: Scenario, who: Sequence[str] = (), sample: int | None = None, seed: int = 0
) -> Chosen:
    """Choose handles: those in `who`, where `cohort:NAME` is a whole cohort; of them a sample.

    No `who` is everyone. A sample is drawn by hash from `seed` and the handle, so it stays the
    same when others are added. Raises UsageError for a name that nobody has, or no one chosen.
    """
    everyone = scenario.handles()
    roster = Roster(everyone, scenario.cohorts)
    wanted: set[int] = set() if who else set(range(len(everyone)))
    for name in who:
        if name.startswith(COHORT):
            wanted.update(map(roster.index, _members(scenario, name.removeprefix(COHORT))))
            continue
        position = roster.position(name.removeprefix("@"))
        if position is None:
            hint = did_you_mean(name.removeprefix("@"), everyone)
            raise UsageError(f"{name}: there is nobody of that name in {scenario.name}{hint}")
        wanted.add(position)
    chosen = sorted(wanted)
    if sample is not None:
        if sample < 1:
            raise UsageError(f"a sample of {sample}: give 1 or more")
        ranked = sorted(chosen, key=lambda at: draws.bits(seed, "respondent", everyone[at]))
        chosen = sorted(ranked[:sample])
    if not chosen:
        raise UsageError(f"nobody is left to ask in {scenario.name}")
    return Chosen([everyone[position] for position in chosen])


def _members(scenario: Scenario, name: str) -> Sequence[str]:
    for cohort in scenario.cohorts:
        if cohort.name == name:
            return handles_of(cohort.personas)
    hint = did_you_mean(name, [cohort.name for cohort in scenario.cohorts])
    raise UsageError(f"{COHORT}{name}: {scenario.name} has no such cohort{hint}")


def respondents(
    run: Run,
    timeline: ScenarioTimeline,
    chosen: Sequence[str],
    times: Sequence[Seconds],
    *,
    shows_feed: bool = True,
) -> Iterator[Respondent]:
    """Replay a run and yield those who are asked as they are at each of `times`, in order.

    Infinity is the state at the end. Raises DivergenceError, and RunError if the record ends before
    one of the times.
    """
    replies = Recorded.load(run)
    replayer = Replayer(timeline, replies, run, keeps_views=True)
    for at in sorted(set(times)):
        for _ in replayer.until(at):
            pass
        if at < inf and not replayer.reached:
            raise RunError(
                f"the record of {run.id} ends at {format_time(replayer.now)}, before "
                f"{format_time(at)}; give an earlier time, or resume the run first"
            )
        for who in chosen:
            yield _respondent(replayer, who, at, shows_feed=shows_feed)


def _respondent(replayer: Replayer, who: str, at: Seconds, *, shows_feed: bool) -> Respondent:
    agent = replayer.agent(who)
    profile = agent.profile
    now = replayer.now if at == inf else at
    nothing = View(who=who, turn=0, now=now, seed=0, posts=(), why=())
    view = replayer.last_views.get(who, nothing) if shows_feed else nothing
    lines = list(agent.memory.lines(view._replace(now=now)))
    if view.posts:
        seen = view._replace(refused=(), messages=(), news=(), suggested=(), groups=())
        lines += ["What you saw last:", *profile.post_format.posts(seen._replace(now=now))]
    sections = (profile.setting, profile.quoting.note, profile.manner)
    return Respondent(
        who=who,
        cohort=profile.cohort,
        at=at,
        names=own_names(agent.persona),
        system="\n\n".join(filter(None, [*sections, prompts.introduction(agent.persona)])),
        state="\n".join(lines),
        model=profile.model,
        adapter=profile.adapter,
        temperature=profile.temperature,
    )
