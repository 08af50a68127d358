"""Small worlds, views and scenarios, and a driver that lets time pass without a model."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

import numpy as np

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    Feed,
    Never,
    OnPost,
    Persona,
    Scenario,
    Steps,
    TakingTurns,
    World,
    Write,
    converse,
)
from simnet.behaviours import lurk
from simnet.feeds import both, communities, everything, following, reported
from simnet.inference.fakes.fake import plausible
from simnet.inference.model import Completion, Prompt
from simnet.inference.replies.reasoning import without_reasoning
from simnet.interventions import (
    Act,
    AddTies,
    At,
    Ban,
    Forget,
    GiveNews,
    Join,
    Leave,
    Reinstate,
    Remember,
    RemovePosts,
    RemoveTies,
    SetManner,
    SetRanking,
    When,
)
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.rankings import chronological, engagement, hot, shuffled, split
from simnet.rhythms import round_robin
from simnet.runtime.agent_factory import agents_of
from simnet.scenario.switch import ScenarioSwitch
from simnet.verbs import EVERY_VERB, Suspend, SuspendFor
from simnet.world.decision import Decision
from simnet.world.events import Event, Exposure, ExposureBatch
from simnet.world.state.network import Network
from simnet.world.state.posts import Shown, View


def network(handles: Sequence[str], follows: Iterable[tuple[str, str]] = ()) -> Network:
    """Make a network from pairs of handles (follower, followee)."""
    index = {handle: position for position, handle in enumerate(handles)}
    pairs = np.array([(index[a], index[b]) for a, b in follows], np.int32).reshape(-1, 2)
    return Network(len(handles), pairs[:, 0], pairs[:, 1])


def world(
    handles: Sequence[str] = ("ana", "ben", "cat", "dan"),
    follows: Iterable[tuple[str, str]] = (),
) -> World:
    """Make a world of members in one cohort."""
    return World(list(handles), ["people"] * len(handles), network(handles, follows))


def do(place: World, who: str, action, at: float | None = None) -> Event:
    """Do something and expect that the world allows it."""
    event = place.apply(who, action, place.now if at is None else at)
    assert event.outcome == "done", event.reason
    return event


def refused(place: World, who: str, action) -> str:
    """Try something, expect that nothing changes, and return why."""
    before = place.digest()
    event = place.apply(who, action, place.now)
    assert event.outcome == "refused"
    assert place.digest() == before
    assert event.reason
    return event.reason


def shown(number: int = 0, author: str = "ben", text: str = "hello", **fields) -> Shown:
    """Make a post as it is shown."""
    post = Shown(number, author, text, 0.0, None, None, "", 0, 0, 0, 0)
    return post._replace(**fields)


def view(*posts: Shown, who: str = "ana", turn: int = 0, **fields) -> View:
    """Make a view of posts."""
    return View(who, turn, 60.0, 7, posts, ("",) * len(posts))._replace(**fields)


class Played(NamedTuple):
    """A scenario that was played to its end."""

    kernel: Kernel
    events: list[Event]
    exposure_batches: list[ExposureBatch]
    views: list[View]

    def exposures(self) -> list[Exposure]:
        """List the rows of what was shown, as they are recorded."""
        return [row for batch in self.exposure_batches for row in batch.exposures()]

    def tables(self) -> tuple[object, ...]:
        """Everything that must not depend on who was faster."""
        return self.events, self.exposure_batches, self.kernel.world.digest(), self.kernel.ledger()


def drive(
    scenario: Scenario,
    reply: Callable[[Prompt], str] = plausible,
    chance: Random | None = None,
    switches: Sequence[ScenarioSwitch] = (),
) -> Played:
    """Play a scenario; `chance` decides how many views and decisions travel, and in what order."""
    kernel = Kernel(scenario, switches)
    make = agents_of(scenario)
    agents: dict[str, object] = {}
    played = Played(kernel, kernel.events, kernel.exposure_batches, [])
    decided: list[Decision] = []
    status = Status.FULL
    while status is not Status.DONE:
        status = kernel.advance(chance.randint(1, 9) if chance else 64)
        views, kernel.views = kernel.views, []
        played.views.extend(views)
        if chance:
            chance.shuffle(views)
        for one in views:
            if one.who not in agents:
                agents[one.who] = make(one.who)
            if one.changed is not None:
                agents[one.who].take(one.changed, one.now)
            decided.append(decide(agents[one.who], one, reply))
        least = 1 if status is Status.WAITING else 0
        assert len(decided) >= least, "the kernel waits for a decision nobody was asked for"
        count = chance.randint(least, len(decided)) if chance else len(decided)
        if chance:
            chance.shuffle(decided)
        kernel.deliver(decided[:count])
        del decided[:count]
    assert not decided
    return played


def decide(agent, seen: View, reply: Callable[[Prompt], str] = plausible) -> Decision:
    """Let an agent think, with a model that is a function."""
    thinking = agent.decide(seen)
    fits = reply is plausible  # made by the pattern, as those of the fake model
    try:
        prompt = next(thinking)
        while True:
            said = reply(prompt)
            done = said if isinstance(said, Completion) else Completion(said, constrained=fits)
            prompt = thinking.send(without_reasoning(done))  # as hosts do
    except StopIteration as end:
        return end.value


def random_scenario(number: int) -> Scenario:
    """Make a small scenario; numbers give cohorts, rhythms, verbs, feeds, ties and cues."""
    chance = Random(number)
    names = [f"c{position}" for position in range(chance.randint(1, 4))]
    cohorts = [_cohort(chance, name, names) for name in names]
    handles = [persona.id for cohort in cohorts for persona in cohort.personas]
    lasts = chance.choice([HOUR, 2 * HOUR])
    turns = TakingTurns(round_robin(handles, 2 * len(handles)), every=3 * MINUTE)
    if chance.random() < 0.2:
        cohorts[0] = replace(cohorts[0], rhythm=turns, reacts_in=MINUTE)
    return Scenario(
        f"random-{number}",
        cohorts,
        cues=[
            Cue(chance.uniform(0, lasts / 2), chance.choice(handles), Write(f"cue {place}"))
            for place in range(chance.randint(1, 3))
        ],
        lasts=lasts,
        seed=chance.randint(0, 99),
        feed=Feed(ranking=_ranking(chance), size=chance.randint(1, 6)),
        ties=[(chance.choice(handles), chance.choice(handles)) for _ in handles],
        spotlighting=chance.choice(["none", "datamark", "delimit"]),
        interventions=_interventions(chance, names, handles, lasts),
    )


def _interventions(chance: Random, names: Sequence[str], handles: Sequence[str], lasts: float):
    """Make a few interventions; those of bans and joining may contradict each other."""
    makers = [
        lambda: Ban(chance.choice(handles)),
        lambda: Reinstate(chance.choice(handles)),
        lambda: Join(chance.choice(handles)),
        lambda: Leave(chance.choice(handles), removes_posts=chance.random() < 0.5),
        lambda: AddTies([(chance.choice(names), chance.choice(handles))]),
        lambda: RemoveTies([(chance.choice(handles), chance.choice(names))]),
        lambda: RemovePosts(by=chance.choice(handles)),
        lambda: GiveNews(chance.choice([*names, *handles]), "There is news."),
        lambda: SetManner(chance.choice([*names, *handles]), f"You are {chance.random()}."),
        lambda: Remember(chance.choice([*names, *handles]), "it rained"),
        lambda: Forget(chance.choice([*names, *handles]), chance.choice(["", "write"])),
        lambda: SetRanking(chance.choice(names), _ranking(chance)),
        lambda: Act(chance.choice(handles), Write("An intervention.")),
    ]
    some = [
        At(chance.uniform(0, lasts), [chance.choice(makers)() for _ in range(chance.randint(1, 3))])
        for _ in range(chance.randint(0, 3))
    ]
    if chance.random() < 0.5:
        then, again = chance.choice(makers)(), chance.random() < 0.5
        some.append(
            When(written, above=chance.randint(1, 9), every=7 * MINUTE, then=then, again=again)
        )
    return some


def written(world: World) -> int:
    """Count the posts that stand."""
    return sum(not post.removed for post in world.posts)


def _cohort(chance: Random, name: str, names: Sequence[str]) -> Cohort:
    verbs = chance.sample(EVERY_VERB, chance.randint(1, len(EVERY_VERB)))
    others = [verb for verb in verbs if verb not in {Suspend, SuspendFor}]
    if chance.random() < 0.8 and others:  # few can suspend, or soon nobody wakes
        verbs = others
    return Cohort(
        name,
        [Persona(id=f"{name}_{number}") for number in range(chance.randint(1, 5))],
        manner=f"You are one of {name}.",
        behaviour=chance.choice([converse, converse, lurk(0.6)]),
        verbs=tuple(verbs),
        rhythm=_rhythm(chance),
        reacts_in=chance.choice([0.5, 30.0, MINUTE, 10 * MINUTE]),
        follows={other: chance.choice([0.0, 0.5, 1.0]) for other in names},
        feed=None if chance.random() < 0.3 else _feed(chance),
        text_limit=chance.choice([1, 20, 80]),
        acts=chance.randint(1, 3),
        memory=chance.randint(0, 3),
    )


def _rhythm(chance: Random):
    touched = frozenset(
        chance.sample(["post", "reply", "quote", "mention", "message"], chance.randint(0, 5))
    )
    return chance.choice(
        [
            Exponential(15 * MINUTE, touched),
            Exponential(10 * MINUTE),
            Steps(10 * MINUTE, triggered_by=touched),
            Steps(20 * MINUTE, offset=MINUTE),
            OnPost(chance.choice([20.0, 5 * MINUTE])),
            Never(),
        ]
    )


def _ranking(chance: Random):
    return chance.choice(
        [chronological, hot, engagement(), shuffled, split(0.5, chronological, shuffled)]
    )


def some(world, viewer, first, limit, look):
    """Offer half of the entries, drawn anew at each look."""
    return [one for one in everything(world, viewer, first, limit) if look.draw() < 0.5]


def _feed(chance: Random) -> Feed:
    size = chance.randint(1, 6)
    return Feed(
        ranking=_ranking(chance),
        reads=chance.choice(
            [following, everything, both(reported, following), both(communities, some)]
        ),
        size=size,
        fresh=chance.random() < 0.7,
        again=chance.random() < 0.3,
        karma=chance.random() < 0.2,
        own=chance.random() < 0.3,
        oldest_first=chance.random() < 0.3,
        window=chance.choice([10 * MINUTE, HOUR]),
        candidates=chance.randint(size, 16),
    )
