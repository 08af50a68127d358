"""A person takes turns of a persona: answers are recorded, resumed, replayed and forked."""

import asyncio
import json
import stat

import pytest
from made_people import answering, joined, listening, next_of, played
from made_worlds import shown, view
from simulation import virtual_time
from waiting import rows_on_disk, until

from simnet import Cohort, FakeModel, Feed, Persona, Run, Scenario, Steps, aresume, arun, feeds
from simnet.agents.host import Host
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.person_turn import Seats
from simnet.behaviours import silent
from simnet.discussions import Discussion, discussions
from simnet.errors import UsageError
from simnet.joining.client import JoinClient
from simnet.joining.desk import Desk, DeskModel
from simnet.joining.humans import Humans
from simnet.joining.protocol import JOIN_FILE, Address, ProtocolError, read_join_file
from simnet.rhythms import Never
from simnet.runs.people.joining_run import address_of
from simnet.runs.repeats.reload_scenario import timeline_from
from simnet.runs.repeats.replay import replay
from simnet.verbs import MEMBER

NAMES = ("ann", "ben", "cleo")
PEOPLE = [Persona(id=name, description=f"{name} of the village") for name in NAMES]


def village(turns=4, **options):
    cohort = {
        "verbs": MEMBER,
        "rhythm": Steps(60.0),
        "reacts_in": 10.0,
        "feed": Feed(reads=feeds.everything),
        **options,
    }
    return Scenario("village", [Cohort("folk", PEOPLE, **cohort)], lasts=60.0 * turns)


def model():
    return FakeModel(lambda prompt: f"write: number {prompt.seed % 1000}")


def rows(run, table, **wanted):
    return [
        row
        for row in run.read(table).to_pylist()
        if all(row[name] == value for name, value in wanted.items())
    ]


def human_calls(run):
    return [
        (row["turn"], row["completion"], row["finish"]) for row in rows(run, "calls", model="human")
    ]


def tables(run):
    return {
        name: run.read(name).to_pylist() for name in ("events", "exposures", "network", "calls")
    }


def replays(run, scenario):
    return replay(run, timeline_from(run, scenario)).differences == ()


def test_what_a_person_types_is_done_and_recorded_like_a_reply(tmp_path):
    scenario = village()
    answers = ["write: Good morning", "LIKE @ben", "pass", "Reply 1 - hello there"]
    done, messages = asyncio.run(played(scenario, tmp_path, answers, model=model()))
    assert [one["type"] for one in messages] == ["view", "taken"] * 4
    acts = [(row["verb"], row["text"]) for row in rows(done, "events", who="ann")[:4]]
    assert acts == [("write", "Good morning"), ("like", None), ("pass", None),
                    ("reply", "hello there")]  # fmt: skip
    assert all("human" in row["marks"] for row in rows(done, "events", who="ann")[:4])
    assert not any("human" in row["marks"] for row in rows(done, "events", who="ben"))
    assert human_calls(done) == [(turn, text, "stop") for turn, text in enumerate(answers)]
    first = rows(done, "calls", model="human")[0]
    assert first["user"] == rows(done, "calls", who="ben", turn=0)[0]["user"]
    assert first["seconds"] > 0
    assert replays(done, scenario)
    assert done.manifest.humans.handles == ("ann",)
    assert done.manifest.determinism == "recorded replay"


def test_an_answer_that_is_not_allowed_gets_another_try(tmp_path):
    answers = [
        ["", "fly away", "like 7", "write: " + "x" * 281, "like 1\nlike 1\npass", "write: ok"]
    ]
    done, messages = asyncio.run(played(village(), tmp_path, answers, model=model()))
    refused = [one["why"] for one in messages if one["type"] == "refused"]
    assert refused[0] == "the reply is empty"
    assert "not an action: 'fly away'" in refused[1]
    assert refused[2] == "like 7: there is no such post in view"
    assert refused[3] == "the text is too long; give at most 280 characters"
    assert len(refused) == 5
    assert messages[-1]["type"] == "taken"
    assert human_calls(done)[0] == (0, "write: ok", "stop")


def test_a_run_that_nobody_joins_is_that_without_people(tmp_path):
    alone = asyncio.run(arun(village(), model=model(), out=tmp_path / "alone"))

    async def deserted():
        return await arun(
            village(), model=model(), out=tmp_path / "deserted", humans=["ann"], human_deadline=0.01
        )

    done = asyncio.run(deserted())
    assert human_calls(done) == [(0, "no answer within 0.01 s", "deadline")]
    for name in ("events", "exposures", "network"):
        assert done.read(name).equals(alone.read(name))
    own = [
        (row["turn"], row["prompt_hash"]) for row in rows(done, "calls") if row["model"] != "human"
    ]
    assert own == [(row["turn"], row["prompt_hash"]) for row in rows(alone, "calls")]
    assert replays(done, village())
    assert not (done.path / JOIN_FILE).exists()


def test_who_skips_lets_the_persona_answer_and_who_leaves_is_not_asked_again(tmp_path):
    scenario = village()
    done, _ = asyncio.run(
        played(scenario, tmp_path, ["skip", "write: me", "/leave"], model=model())
    )
    assert human_calls(done) == [(0, "skip", "abort"), (1, "write: me", "stop"),
                                 (2, "leave", "abort")]  # fmt: skip
    texts = [row["text"] for row in rows(done, "events", who="ann")]
    assert texts[1] == "me"
    assert all(text.startswith("number") for text in [texts[0], *texts[2:]])
    assert done.manifest.ledger
    assert replays(done, scenario)


def test_a_person_who_was_interrupted_is_asked_the_same_turn_again(tmp_path):
    scenario = village()

    async def interrupted():
        running = asyncio.create_task(
            arun(scenario, model=model(), out=tmp_path, humans=["ann"], human_deadline=600.0)
        )
        client = await joined(tmp_path)
        await answering(client, ["write: once"])
        asked = await next_of(client, "view")
        await until(lambda: rows_on_disk(tmp_path, "events") == len(NAMES))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await next_of(client, "ended"))["type"] == "ended"
        await client.close()
        (folder,) = tmp_path.iterdir()
        with pytest.raises(UsageError, match=r"does not run now.*simnet resume"):
            address_of(folder, "ann")
        going_on = asyncio.create_task(aresume(Run.open(folder), scenario, model=model()))
        client = await joined(tmp_path)
        again = await next_of(client, "view")
        assert {**again, "seconds": 0} == {**asked, "seconds": 0}
        client.act(again["turn"], "write: twice")
        await next_of(client, "taken")
        await client.close(leaves=True)
        return await going_on

    done = asyncio.run(interrupted())
    assert human_calls(done)[:2] == [(0, "write: once", "stop"), (1, "write: twice", "stop")]
    assert [row["text"] for row in rows(done, "events", who="ann")][:2] == ["once", "twice"]
    assert replays(done, scenario)


def test_a_resume_asks_nobody_for_turns_that_were_decided_without_a_person(tmp_path):
    """Not even where the persona asks no model, so that its turns left no calls."""
    scenario = village(turns=6, behaviour=silent)

    async def resumed():
        running = asyncio.create_task(
            arun(scenario, model=model(), out=tmp_path, humans=["ann"], human_deadline=600.0)
        )
        client = await joined(tmp_path)
        await answering(client, ["write: one", "/leave"])
        await client.close()
        second = await joined(tmp_path, "ann")
        asked = await next_of(second, "view")
        await until(lambda: rows_on_disk(tmp_path, "events") == len(NAMES) * asked["turn"])
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await second.close()
        (folder,) = tmp_path.iterdir()
        going_on = asyncio.create_task(
            aresume(Run.open(folder), scenario, model=model(), humans=["ann", "ben"])
        )
        mine, bens = await joined(tmp_path), await joined(tmp_path, "ben")
        first = [(await next_of(one, "view"))["turn"] for one in (mine, bens)]
        for one in (mine, bens):
            await one.close(leaves=True)
        return asked["turn"], first, await going_on

    asked, first, done = asyncio.run(resumed())
    assert first == [asked, asked]
    assert [turn for turn, *_ in human_calls(done)].count(0) == 1
    assert replays(done, scenario)


def test_a_fork_keeps_what_a_person_did_before_it(tmp_path):
    scenario = village()
    done, _ = asyncio.run(played(scenario, tmp_path, ["write: one", "write: two"], model=model()))
    forked = done.fork(90.0, scenario, before=scenario, model=model())
    assert human_calls(forked) == human_calls(done)[:2]
    assert [row["text"] for row in rows(forked, "events", who="ann")][:2] == ["one", "two"]
    assert forked.manifest.humans is None
    assert replay(forked, timeline_from(done, scenario)).differences == ()


def test_who_lost_the_connection_can_come_back_to_the_open_turn(tmp_path):
    async def back():
        running = asyncio.create_task(
            arun(village(), model=model(), out=tmp_path, humans=["ann"], human_deadline=600.0)
        )
        client = await joined(tmp_path)
        asked = await next_of(client, "view")
        with pytest.raises(ProtocolError, match="@ann is taken"):
            await joined(tmp_path)
        await client.close()
        again = None
        while again is None:
            try:
                again = await joined(tmp_path)
            except ProtocolError:
                await asyncio.sleep(0.01)
        seen = await next_of(again, "view")
        assert (seen["turn"], seen["lines"]) == (asked["turn"], asked["lines"])
        assert seen["seconds"] < asked["seconds"]
        again.act(seen["turn"], "write: back")
        await next_of(again, "taken")
        again.act(seen["turn"], "write: twice")
        late = await next_of(again, "refused")
        await again.close(leaves=True)
        return late, await running

    late, done = asyncio.run(back())
    assert late["why"] == "turn 0 is over"
    assert rows(done, "events", who="ann")[0]["text"] == "back"


def test_several_people_have_several_handles_and_others_go_on_meanwhile(tmp_path):
    async def two():
        running = asyncio.create_task(
            arun(village(), model=model(), out=tmp_path, humans=["ann,@ben"], human_deadline=600.0)
        )
        ann, ben = await joined(tmp_path), await joined(tmp_path, "ben")
        assert ann.joined["handles"] == ["ann", "ben"]
        first, second = await next_of(ann, "view"), await next_of(ben, "view")
        ben.act(second["turn"], "write: ben first")
        await next_of(ben, "taken")
        ann.act(first["turn"], "write: then ann")
        await next_of(ann, "taken")
        shown_next = await next_of(ben, "view")
        for one in (ann, ben):
            await one.close(leaves=True)
        return shown_next, await running

    shown_next, done = asyncio.run(two())
    assert any("then ann" in line for line in shown_next["lines"])
    assert {row["who"] for row in rows(done, "calls", model="human")} == {"ann", "ben"}


# -- the deadline, in virtual time ------------------------------------------------------------


class Scripted:
    """Whoever has a handle: answers each view after some seconds, or never."""

    def __init__(self, desk, handle, answers):
        self.desk, self.handle, self.answers, self.told = desk, handle, list(answers), []

    def show(self, question, seconds):
        self.told.append((question.view.turn, seconds))
        after, text = self.answers.pop(0)
        if after is not None:
            asyncio.get_running_loop().call_later(
                after, self.desk.act, self.handle, question.view.turn, text
            )

    def over(self, turn, why):
        self.told.append((turn, why))


def turns_of(desk, count, before=lambda turn: None):
    """Run turns of @ann in virtual time; return texts and the calls of each turn."""

    async def run():
        cohort = Cohort("folk", PEOPLE, verbs=MEMBER)
        host = Host(
            lambda handle: HostedAgent(Persona(id=handle), cohort.profile("", Feed())),
            FakeModel(lambda _: "write: by the model"),
            seats=Seats(frozenset({"ann"}), DeskModel(desk)),
        )
        found = []
        for turn in range(count):
            before(turn)
            calls, texts = [], []
            async for some in host.think([view(shown(1, "ben"), who="ann", turn=turn)]):
                calls += [(call.model, call.finish, round(call.seconds)) for call in some.calls]
                texts += [action.text for one in some.decisions for action in one.actions]
            found.append((texts, calls))
        return found

    return virtual_time.run(run())


BY_MODEL = ["by the model"]


def test_when_the_deadline_passes_the_persona_answers():
    desk = Desk(Humans(("ann",), 30.0))
    person = Scripted(
        desk, "ann", [(29, "write: just"), (None, ""), (31, "write: late"), (1, "pass")]
    )
    desk.sit("ann", person)
    just, never, late, after = turns_of(desk, 4)[:4]
    assert just == (["just"], [("human", "stop", 29)])
    assert never == (BY_MODEL, [("human", "deadline", 30), ("fake", "stop", 0)])
    assert late[0] == BY_MODEL
    assert after == ([], [("human", "stop", 1)])
    assert person.told[2] == (1, "the time is over, so the persona answers")


def test_after_a_deadline_without_anybody_nobody_is_waited_for_until_somebody_comes():
    desk = Desk(Humans(("ann",), 30.0))

    def comes(turn):
        if turn == 2:
            desk.sit("ann", Scripted(desk, "ann", [(5, "write: here")]))

    waited, alone, here = turns_of(desk, 3, comes)
    assert waited == (BY_MODEL, [("human", "deadline", 30), ("fake", "stop", 0)])
    assert alone == (BY_MODEL, [("fake", "stop", 0)])
    assert here == (["here"], [("human", "stop", 5)])


def test_who_loses_the_connection_in_a_turn_is_waited_for_until_the_deadline():
    desk = Desk(Humans(("ann",), 30.0))

    class Dropping(Scripted):
        def show(self, question, seconds):
            self.told.append(seconds)
            asyncio.get_running_loop().call_later(10, lambda: desk.rise("ann", leaves=False))

    desk.sit("ann", Dropping(desk, "ann", []))
    dropped, next_one = turns_of(desk, 2)
    assert dropped == (BY_MODEL, [("human", "deadline", 30), ("fake", "stop", 0)])
    assert next_one == (BY_MODEL, [("fake", "stop", 0)])


# -- discussions ------------------------------------------------------------------------------


def test_a_person_takes_part_in_a_discussion_and_types_the_text_alone(tmp_path):
    scenario = discussions([Discussion(PEOPLE, ["Cats are better."], turns=4)])
    said = ["I prefer dogs.", "say: Really?"]
    done, messages = asyncio.run(played(scenario, tmp_path, said, model=FakeModel()))
    assert messages[0]["lines"] == ['@ann: "Cats are better."']
    assert messages[0]["text_alone"]
    assert [row["text"] for row in rows(done, "events", who="ann", cue=None)] == [
        "I prefer dogs.", "Really?",
    ]  # fmt: skip
    assert replays(done, scenario)


def test_a_person_moderates_and_names_people_who_have_not_spoken_yet(tmp_path):
    given = Discussion(PEOPLE, moderator=Persona(id="chair"), turns=3)
    scenario = discussions([given], moderates="chooses")
    answers = ["give floor @cleo", "give_floor ann", "give floor to 3"]
    done, _ = asyncio.run(played(scenario, tmp_path, answers, handle="chair", model=FakeModel()))
    speakers = [row["who"] for row in rows(done, "events") if row["who"] != "chair"]
    assert speakers[:2] == ["cleo", "ann"]
    assert replays(done, scenario)


# -- who may not join ---------------------------------------------------------------------------


async def raw(port, *lines):
    """Send lines to a run as they are; return the messages that come until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(lines))
    answers = [json.loads(line) for line in (await reader.read()).splitlines()]
    writer.close()
    return answers


def test_only_who_has_the_token_and_speaks_the_protocol_joins(tmp_path):
    async def tries():
        running = asyncio.create_task(
            arun(village(1), model=model(), out=tmp_path, humans=["ann"], human_deadline=600.0)
        )
        folder = await listening(tmp_path)
        assert stat.S_IMODE((folder / JOIN_FILE).stat().st_mode) == 0o600
        port, token = read_join_file(folder)
        join = {"type": "join", "version": 1, "token": token, "handle": "ann"}

        def line(**changes):
            return json.dumps({**join, **changes}).encode() + b"\n"

        codes = []
        for first in (
            b"POST / HTTP/1.1\r\n\r\n", b"[1]\n", line(token="x"), line(token=1), line(version=2),
            line(handle="zoe"), line(handle=3), b"x" * 70_000 + b"\n", line(type="act"),
        ):  # fmt: skip
            (answer,) = await raw(port, first)
            codes.append(answer["code"])
        *_, wrong = await raw(port, line(), b'{"type":"act","turn":"0"}\n')
        codes.append(wrong["code"])
        with pytest.raises(ProtocolError, match="run's token"):
            await JoinClient.open(Address(port, "wrong"), "ann")
        client = await until_free(folder)
        await client.close(leaves=True)
        await running
        return codes

    assert asyncio.run(tries()) == [
        "malformed", "malformed", "token", "token", "version", "handle", "handle", "malformed",
        "token", "malformed",
    ]  # fmt: skip


async def until_free(folder):
    while True:
        try:
            return await JoinClient.open(read_join_file(folder), "ann")
        except ProtocolError:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("options", "problem"), [
    ({"humans": ["anna"]}, "nobody in village has that handle; did you mean 'ann'"),
    ({"humans": ["rock"]}, "@rock: that persona never wakes in village"),
    ({"humans": ["ann"], "human_deadline": 0}, "human_deadline.*give seconds, more than 0"),
    ({"humans": ["ann"], "human_deadline": float("nan")}, "give seconds"),
    ({"human_deadline": 5}, "human_deadline.*is given and --human"),
])  # fmt: skip
def test_people_who_cannot_be_are_refused_before_anything_starts(tmp_path, options, problem):
    scenario = village()
    rock = Cohort("rocks", [Persona(id="rock")], rhythm=Never())
    scenario = Scenario("village", [*scenario.cohorts, rock], lasts=60.0)
    with pytest.raises(UsageError, match=problem):
        asyncio.run(arun(scenario, model=model(), out=tmp_path, **options))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_over_or_lets_nobody_join_says_so(tmp_path):
    done, _ = asyncio.run(played(village(1), tmp_path / "a", ["pass"], model=model()))
    with pytest.raises(UsageError, match="has ended, so nobody can join"):
        address_of(done.path, "ann")

    async def refused():
        running = asyncio.create_task(
            arun(
                village(1), model=model(), out=tmp_path / "b", humans=["ann"], human_deadline=600.0
            )
        )
        folder = await listening(tmp_path / "b")
        with pytest.raises(UsageError, match=r"may not take @ben in .* but @ann"):
            address_of(folder, "ben")
        client = await joined(tmp_path / "b")
        await client.close(leaves=True)
        await running

    asyncio.run(refused())
