"""Many agents in one process: views in, decisions out, prompts in lists."""

import asyncio
import re

import pytest
from made_worlds import shown, view
from simulation import virtual_time

from simnet import Cohort, Feed, Like, Persona, Write, converse
from simnet.agents.host import Host
from simnet.agents.hosted_agent import HostedAgent
from simnet.errors import RunError
from simnet.inference.fakes.fake import FakeModel
from simnet.inference.model import Completion
from simnet.verbs import MEMBER

PEOPLE = ("ana", "ben", "cat")


class Batches:
    """A model that remembers the lists it was given and likes the first post."""

    name = "batches"

    def __init__(self, finish=None):
        self.batches = []
        self._finish = finish

    async def generate(self, prompts):
        self.batches.append([prompt.system for prompt in prompts])
        done = [(at, Completion("like 1", "stop", 10, 5, 2, 0.5)) for at in range(len(prompts))]
        yield self._finish(done) if self._finish else done

    async def close(self):
        pass


def host(model, behaviour=converse, encoder=None):
    made = []

    def make(handle):
        made.append(handle)
        persona = Persona(id=handle)
        cohort = Cohort("people", [persona], behaviour=behaviour, verbs=MEMBER)
        return HostedAgent(persona, cohort.profile("A town.", Feed()))

    one = Host(make, model, encoder)
    one.made = made
    return one


def views(*handles, turn=0):
    return [view(shown(1, "dan"), who=handle, turn=turn) for handle in handles or PEOPLE]


def think(one, seen, run=asyncio.run):
    async def collect():
        return [thoughts async for thoughts in one.think(seen)]

    return run(collect())


def failed(one, seen):
    """Let agents think whose behaviours all fail, and return the first error."""
    decisions = [decision for thoughts in think(one, seen) for decision in thoughts.decisions]
    assert all(decision.marks == ("code_error",) for decision in decisions)
    assert len(decisions) == len(seen)
    return decisions[0].error


def decided(thoughts):
    return [(d.who, d.turn) for some in thoughts for d in some.decisions]


def test_each_view_leads_to_one_decision():
    found = think(host(FakeModel(lambda _: "like 1")), views())
    assert decided(found) == [(handle, 0) for handle in PEOPLE]
    assert all(d.actions == (Like(1),) for some in found for d in some.decisions)


def test_prompts_of_many_agents_leave_in_one_list():
    model = Batches()
    think(host(model), views())
    assert [len(batch) for batch in model.batches] == [3]


def test_decisions_come_as_they_are_ready():
    slow = {"ana": 0.03, "ben": 0.0, "cat": 0.015}

    def delay(prompt):
        return next(wait for handle, wait in slow.items() if f"@{handle}." in prompt.system)

    found = think(host(FakeModel(lambda _: "pass", delay=delay)), views(), virtual_time.run)
    assert [who for who, _ in decided(found)] == ["ben", "cat", "ana"]


def test_who_asks_nothing_is_not_kept_waiting():
    async def half_silent(me, seen, ask):
        return [] if me.persona.id == "ben" else await ask.for_action()

    found = think(host(Batches(), half_silent), views())
    assert [[d.who for d in some.decisions] for some in found] == [["ben"], ["ana", "cat"]]


def test_no_views_no_thoughts():
    assert think(host(Batches()), []) == []


def test_an_agent_is_made_once_and_remembers():
    one = host(FakeModel(lambda _: "like 1"))
    think(one, views())
    think(one, views(turn=1))
    assert one.made == list(PEOPLE)
    assert one._agents["ana"].memory.done == ["like", "like"]


def test_every_call_is_a_row_under_its_key():
    async def twice(me, seen, ask):
        await ask("one", "u")
        await ask("two", "u", "(a|b)")
        return []

    found = think(host(Batches(), twice), views("ana", "ben", turn=4))
    calls = [call for some in found for call in some.calls]
    assert sorted((c.who, c.turn, c.call, c.system, c.pattern) for c in calls) == [
        ("ana", 4, 0, "one", None), ("ana", 4, 1, "two", "(a|b)"),
        ("ben", 4, 0, "one", None), ("ben", 4, 1, "two", "(a|b)"),
    ]  # fmt: skip
    one = calls[0]
    assert (one.time, one.model, one.completion, one.finish) == (60.0, "batches", "like 1", "stop")
    assert (one.prompt_tokens, one.cached_tokens, one.output_tokens, one.seconds) == (10, 5, 2, 0.5)
    assert len(one.prompt_hash) == 32
    assert len({c.prompt_hash for c in calls}) == 4 - 2 * (calls[0].seed == calls[1].seed)


def test_follow_up_prompts_leave_in_lists_too():
    async def twice(me, seen, ask):
        await ask("one", "u")
        return await ask.for_action()

    model = Batches()
    think(host(model, twice), views())
    assert [len(batch) for batch in model.batches] == [3, 3]


def test_an_encoder_adds_token_ids_without_changing_the_key():
    class Lengths:
        length = None

        def encode(self, system, user):
            return (len(system), len(user))

    seen = []
    model = FakeModel(lambda prompt: seen.append(prompt) or "pass")
    with_ids = think(host(model, encoder=Lengths()), views("ana"))
    without = think(host(model), views("ana"))
    assert seen[0].ids == (len(seen[0].system), len(seen[0].user))
    assert seen[1].ids is None
    assert with_ids[0].calls[0].prompt_hash == without[0].calls[0].prompt_hash


@pytest.mark.parametrize("asks", [0, 1])
def test_what_a_behaviour_raises_names_the_persona_and_the_turn(asks):
    async def clumsy(me, seen, ask):
        for _ in range(asks):
            await ask("s", "u")
        raise LookupError("no such thing")

    error = failed(host(Batches(), clumsy), views(turn=7))
    assert (error.kind, error.function, error.cohort) == ("behaviour", "clumsy", "people")
    assert (error.handle, error.turn) == ("ana", 7)
    assert error.problem == "raised LookupError: no such thing"
    assert (error.file, error.source) == (__file__, 'raise LookupError("no such thing")')


@pytest.mark.parametrize("wait", [asyncio.sleep, asyncio.get_running_loop])
def test_a_behaviour_that_awaits_something_else_is_named(wait):
    async def dreamer(me, seen, ask):
        await (wait(0) if wait is asyncio.sleep else wait().create_future())
        return []

    error = failed(host(Batches(), dreamer), views(turn=3))
    assert re.match(r"raised TypeError: it awaits .*; it may only await `ask`", error.problem)
    assert error.turn == 3
    assert error.source == "await (wait(0) if wait is asyncio.sleep else wait().create_future())"


def test_other_turns_go_on_when_one_behaviour_fails():
    async def choosy(me, seen, ask):
        await ask("s", "u")
        if me.persona.id == "ben":
            raise KeyError("mood")
        return [Write("hi")]

    line = choosy.__code__.co_firstlineno
    thoughts = think(host(Batches(), choosy), views("ana", "ben", "eve"))
    decisions = [decision for some in thoughts for decision in some.decisions]
    assert {d.who: d.failure for d in decisions} == {
        "ana": None,
        "ben": f"behaviour choosy raised KeyError: 'mood' (test_host.py:{line + 3})",
        "eve": None,
    }


@pytest.mark.parametrize(
    "raised", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()]
)
def test_a_behaviour_that_would_end_the_process_fails_its_turn_alone(raised):
    async def leaving(me, seen, ask):
        await ask("s", "u")
        raise raised

    error = failed(host(Batches(), leaving), views(turn=0))
    assert error.source == "raise raised"
    assert type(raised).__name__ in error.problem or error.problem == "called sys.exit(3)"


def test_a_behaviour_that_asks_for_ever_fails_its_turn():
    async def curious(me, seen, ask):
        while True:
            await ask("s", "u")

    error = failed(host(FakeModel(lambda _: "pass"), curious), views(turn=0))
    assert error.problem == "asks the model more than 1,000 times in one turn"


def test_a_model_that_is_gone_ends_the_thinking():
    model = FakeModel(lambda _: "pass")
    asyncio.run(model.close())
    with pytest.raises(RunError, match="the model 'fake' is closed"):
        think(host(model), views())


@pytest.mark.parametrize(
    ("finish", "message"),
    [
        (lambda done: done[:-1], "'batches' completed 2 of 3 prompts and ended"),
        (lambda done: [*done, done[0]], "'batches' completed prompt 0 of 3, which is not waiting"),
        (lambda done: [(9, done[0][1])], "'batches' completed prompt 9 of 3"),
    ],
)
def test_a_model_that_loses_or_invents_prompts_is_named(finish, message):
    with pytest.raises(RunError, match=message):
        think(host(Batches(finish)), views())


def test_prompts_are_as_urgent_as_their_views_are_early():
    urgencies = []

    class Urgent(Batches):
        async def generate(self, prompts):
            urgencies.extend(prompt.priority for prompt in prompts)
            async for part in super().generate(prompts):
                yield part

    seen = [one._replace(now=now) for one, now in zip(views(), (0.0, 59.9, 7200.0), strict=True)]
    think(host(Urgent()), seen)
    assert urgencies == [0, 59, 7200]
