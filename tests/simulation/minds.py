"""Random societies with and without early calls: python -m simulation.minds [FIRST LAST].

A number gives cohorts with behaviours, memories, models, adapters, feeds and alarms, people who
take turns, surveys, a switch to another scenario, and a model that fails on some prompts.
"""

import asyncio
import sys
from dataclasses import dataclass, replace
from random import Random

from made_worlds import random_scenario
from test_scheduler import Notebook

from simnet import MINUTE, OnPost, Persona, converse, draws, sample
from simnet.agents.behaviours.rules import contagion, first_of, likes, popularity, reposts
from simnet.agents.model_handle import ModelHandle
from simnet.agents.person_turn import ABSENT, Seats
from simnet.behaviours import (
    Recall,
    archetypes,
    by_policy,
    by_reports,
    enforce,
    escalating,
    lurk,
    tiered,
)
from simnet.discussions import Discussion, discussions
from simnet.errors import UserCodeError
from simnet.feeds import everything, following, reported
from simnet.health import Alarm, Health
from simnet.inference.fakes.fake import FakeModel
from simnet.inference.model import Completion
from simnet.interventions import At, SetAdapter
from simnet.kernel.kernel import Kernel
from simnet.opinions import HoldOpinion, states_opinion
from simnet.questions import FreeText, YesNo
from simnet.rankings import chronological, collaborative, engagement, hot, interest, shuffled
from simnet.recommendations import adamic_adar, common_neighbours, preferential_attachment
from simnet.runtime.agent_factory import agents_of, inquiry_of, profile_lookup
from simnet.runtime.in_process import LocalAgentPool
from simnet.runtime.models import with_fallback_models
from simnet.scenario.scenario import Scenario
from simnet.scenario.switch import ScenarioSwitch
from simnet.scenario.waves import waves_of
from simnet.scheduler.prefetch.prefetch_settings import MODES, Prefetch
from simnet.scheduler.scheduler import Scheduler
from simnet.scheduler.surveys.surveying import SurveyingScheduler
from simnet.surveys import Survey, SurveySchedule
from simnet.verbs import MODERATOR
from simulation.virtual_time import run_virtually

COMPARED = ("events", "calls", "exposures", "network", "state")

# -- behaviours ----------------------------------------------------------------------------------


async def judging(me, view, ask):
    await enforce("be kind")(me, view, ask)
    return await converse(me, view, ask)


async def noting(me, view, ask):
    seen = me.notes.setdefault("seen", [])
    seen += [post.id for post in view.posts]
    await ask("Count.", f"{len(seen)} {sorted(set(seen))[-3:]}", pattern=r"\w+")
    return await ask.for_action()


async def dicing(me, view, ask):
    dice = me.notes.setdefault("dice", Random(me.persona.id))
    if dice.random() < 0.3:
        return []
    await ask("Roll.", f"{dice.random()}", pattern=r"[a-z]{1,9}")
    if dice.random() < 0.3:
        me.mark("dice")
    return await ask.for_action()


async def raising(me, view, ask):
    if draws.unit(view.seed, "before") < 0.15:
        raise ValueError("before")
    if draws.unit(view.seed, "exit") < 0.05:
        raise SystemExit(3)
    chosen = await ask.for_action()
    if draws.unit(view.seed, "after") < 0.15:
        raise KeyError("after")
    return "no actions" if draws.unit(view.seed, "wrong") < 0.1 else chosen


async def tidying(me, view, ask):
    try:
        await ask("One.", "x" * (view.turn % 3), pattern="[ab]")
        return await ask.for_action()
    finally:
        me.notes["times"] = me.notes.get("times", 0) + 1
        me.mark(f"times_{me.notes['times'] % 3}")


class OwnKey:
    async def __call__(self, me, view, ask):
        times = me.notes[self] = me.notes.get(self, 0) + 1
        await ask("Go on.", str(times), pattern="[xyz]")
        return await ask.for_action()


MODERATING = (by_policy("Be kind."), escalating(by_reports({"label": 1, "remove": 2})))
OPINION = states_opinion("tea is good")
BEHAVIOURS = (
    converse, judging, noting, dicing, raising, tidying, OwnKey(), OPINION, *MODERATING,
    archetypes(2), archetypes(2, noting), lurk(0.5, noting),
    tiered(first_of(likes(popularity(1)))),
    first_of(likes(popularity(2)), reposts(contagion(0.3))),
)  # fmt: skip
MEMORIES = (0, 1, 5, Recall(tokens=100), Recall(300, reflect_every=2), Recall(60, keeps=5))
RANKINGS = (chronological, hot, engagement(), shuffled, interest(), collaborative)
SUGGESTS = (None, None, common_neighbours, adamic_adar, preferential_attachment)


# -- societies -----------------------------------------------------------------------------------


@dataclass
class Society:
    scenario: Scenario
    switches: tuple
    models: list
    people: frozenset
    slots: int
    delay: str
    fails: bool
    number: int


def society(number):
    """Make a society; equal numbers make equal ones."""
    chance = Random(number)
    models = [None] if chance.random() < 0.5 else [None, "big"]
    if chance.random() < 0.1:
        rooms = [Discussion(sample(5), active=3, turns=4)] * chance.randint(1, 3)
        scenario = discussions(rooms, seed=number)
    else:
        scenario = _random(chance, number, models)
    switches = ()
    if chance.random() < 0.3 and not scenario.surveys:
        switches = (_switch(chance, scenario, models),)
    handles = scenario.handles()
    some = chance.sample(handles, min(2, len(handles))) if chance.random() < 0.2 else ()
    return Society(
        scenario, switches, models, frozenset(some), chance.choice([1, 4, 64, 64, 64]),
        chance.choice(["heavy", "heavy", "even", "none", "slow"]), chance.random() < 0.3, number,
    )  # fmt: skip


def _random(chance, number, models):
    scenario = random_scenario(number)
    cohorts = [_cohort(chance, cohort, scenario, models) for cohort in scenario.cohorts]
    if chance.random() < 0.3:
        cohorts[0] = replace(cohorts[0], rhythm=OnPost(chance.choice([5.0, 60.0])))
    whose, adapter = chance.choice(cohorts).name, chance.choice([None, "other"])
    change = At(chance.uniform(0, scenario.lasts), [SetAdapter(whose, adapter)])
    surveys = []
    if chance.random() < 0.35:
        asked = Survey("mood", [FreeText("why", "Why?"), YesNo("well", "Well?")])
        every, remembered = chance.choice([13, 20, 31]) * MINUTE, chance.random() < 0.5
        surveys = [SurveySchedule(asked, every=every, remembered=remembered)]
    interventions = [*scenario.interventions, change]
    return replace(scenario, cohorts=cohorts, interventions=interventions, surveys=surveys)


def _cohort(chance, cohort, scenario, models):
    behaviour, verbs = chance.choice(BEHAVIOURS), cohort.verbs
    if behaviour in {OPINION, *MODERATING}:
        lasting = [verb for verb in MODERATOR if not verb.verb.startswith("suspend")]
        verbs = tuple(dict.fromkeys([*verbs, HoldOpinion, *lasting]))
    people = list(cohort.personas)
    people += [Persona(id=f"{cohort.name}_x{n}") for n in range(chance.choice([0, 0, 3, 6]))]
    adherence = Alarm(0.5, "resample") if chance.random() < 0.5 else None
    repeats, limit = Alarm(0.2, "resample"), Alarm(0.3)
    health = Health(
        repeats=repeats, at_limit=limit, adherence=adherence, judged=0.5, window=10, least=4
    )
    return replace(
        cohort,
        personas=people,
        behaviour=behaviour,
        verbs=verbs,
        memory=chance.choice(MEMORIES),
        model=chance.choice(models),
        adapter=chance.choice([None, None, "one"]),
        resamples=chance.choice([0, 0, 2]),
        reacts_in=chance.choice([cohort.reacts_in, 2.0, 10.0, 30.0]),
        health=health if chance.random() < 0.3 else None,
        feed=replace(
            cohort.feed or scenario.feed,
            ranking=chance.choice(RANKINGS),
            reads=chance.choice([everything, following, following, reported]),
            suggests=chance.choice(SUGGESTS),
            counts=chance.choice(["exact", "rounded", "none"]),
        ),
    )


def _switch(chance, scenario, models):
    cohorts = [
        replace(
            one, memory=chance.choice([one.memory, 3]), model=chance.choice([one.model, *models])
        )
        for one in scenario.cohorts
    ]
    lasts = scenario.lasts * chance.choice([1, 1.3])
    return ScenarioSwitch(
        chance.uniform(0, scenario.lasts), replace(scenario, cohorts=cohorts, lasts=lasts)
    )


# -- models --------------------------------------------------------------------------------------


class Failing(FakeModel):
    """What it does depends on the prompt alone."""

    async def generate(self, prompts):
        async for finished in super().generate(prompts):
            yield [(at, self._changed(prompts[at], done)) for at, done in finished]

    def _changed(self, prompt, done):
        kinds = [
            Completion("broken", "error"),
            Completion("late", "deadline"),
            done._replace(prompt_tokens=None, output_tokens=None, cached_tokens=None),
            done._replace(text=f"<think>hm</think>{done.text}"),
            done._replace(text="<think>hm"),
            done._replace(finish="length"),
        ]
        return (kinds + [done] * 18)[draws.below(24, "fails", prompt.digest())]


class Desk(FakeModel):
    async def generate(self, prompts):
        for at, prompt in enumerate(prompts):
            await asyncio.sleep(3.0)
            how = draws.below(3, "person", prompt.question.view.seed)
            yield [(at, [Completion("", ABSENT), Completion("", "abort"), Completion("pass")][how])]


def _delay(one):
    def heavy(prompt):
        return 0.1 * (1 - draws.unit(one.number, prompt.seed)) ** -0.7

    slow = {"even": lambda _: 1.0, "slow": lambda prompt: 100 * heavy(prompt), "heavy": heavy}
    return slow.get(one.delay)


# -- runs ----------------------------------------------------------------------------------------


def played(one, mode):
    """Play a society; return its record, how it ended, and what is left of early turns."""

    async def play():
        scenarios = [one.scenario, *(switch.scenario for switch in one.switches)]
        kind = Failing if one.fails else FakeModel
        models = {
            name: ModelHandle(kind(delay=_delay(one), name=name or "small")) for name in one.models
        }
        models = with_fallback_models(models, scenarios) if len(models) > 1 else models
        pool = LocalAgentPool(
            agents_of(one.scenario), models, inquiry=inquiry_of(one.scenario, one.switches),
            seats=Seats(one.people, Desk()) if one.people else None, looks_ahead=mode != "off",
            profile_of=profile_lookup(one.scenario, one.switches) if one.switches else None,
        )  # fmt: skip
        kernel = Kernel(one.scenario, one.switches, fails_turns=True, watches=True)
        prefetch = Prefetch(mode, dict.fromkeys(models, one.slots))
        options = {
            "clock": asyncio.get_running_loop().time,
            "prefetch": prefetch,
            "fails_turns": True,
        }
        waves, record = waves_of(one.scenario, one.switches), Notebook()
        if waves:
            scheduler = SurveyingScheduler(waves, kernel, pool, record, **options)
        else:
            scheduler = Scheduler(kernel, pool, record, **options)
        finish = await scheduler.run()
        for _ in range(5):
            await asyncio.sleep(0)
        early = vars(pool._host.early) if mode != "off" else {}
        left = [early.get(name) for name in ("_turns", "_calls", "_holders")]
        return (
            record,
            finish,
            [*filter(None, left), *(asyncio.all_tasks() - {asyncio.current_task()})],
        )

    return run_virtually(play())


def rows_of(record):
    """All rows but for wall times; calls by their key, as they come in the order of replies."""
    rows = {name: record.tables.get(name, []) for name in COMPARED}
    timeless = ({**row, "seconds": 0.0} for row in rows["calls"])
    rows["calls"] = sorted(timeless, key=lambda row: (row["who"], row["turn"], row["call"]))
    return rows


def compare(number):
    """Play a society in all modes. Raises AssertionError if anything differs or is left over."""
    one = society(number)
    plain, finish, _ = played(one, "off")
    hits = 0
    for mode in MODES[1:]:
        early, ended, left = played(one, mode)
        assert rows_of(early) == rows_of(plain)
        assert ended.digest == finish.digest
        assert ended.progress.ledger == finish.progress.ledger
        used, before = ended.progress.usage, finish.progress.usage
        assert used._replace(asks=0)[:5] == before._replace(asks=0)[:5]
        assert 0 <= used.early_hits <= used.early
        assert min(used.wasted_tokens, used.early_unknown) >= 0
        assert left == []
        hits += used.early_hits
    return hits


def main():
    first, last = map(int, sys.argv[1:]) if len(sys.argv) == 3 else (0, 200)
    failed = hits = 0
    for number in range(first, last):
        try:
            hits += compare(number)
        except UserCodeError:  # a rhythm or a rule of the society failed, in all modes
            continue
        except BaseException as error:  # noqa: BLE001  (told with its number)
            failed += 1
            print(f"society {number} FAILED: {type(error).__name__}: {error}"[:2000], flush=True)  # noqa: T201
    print(f"{last - first} societies, {hits:,} early calls used, {failed} failed")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
