"""Discussions: rooms of their own, who speaks next, moderators, replies that fail."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from simnet import MINUTE, Cohort, FakeModel, Persona, Scenario, resume, run
from simnet.discussions import (
    ChosenByModerator,
    Discussion,
    Mentioned,
    RandomSpeaker,
    RespondsWith,
    Room,
    RoundRobin,
    Say,
    TurnsInRooms,
    discussions,
)
from simnet.draws import Draw
from simnet.errors import ScenarioError, UserCodeError
from simnet.scenario.discussions.speakers import Turns
from simnet.scenario.forecast.expected_turns import expected_turns

NAMES = ("ann", "ben", "cleo")
PEOPLE = [Persona(id=name, description=f"{name} from the village") for name in NAMES]
CHAIR = Persona(id="chair")


def held(given, tmp_path, model=None, **options):
    done = run(discussions(given, **options), model=model or FakeModel(), out=tmp_path / "runs")
    return done, done.read("events").to_pylist()


def speakers(events):
    return [row["who"] for row in events if row["cue"] is None]


def test_people_speak_one_after_the_other_and_see_what_was_said(tmp_path):
    given = Discussion(PEOPLE, ["Cats are better.", "No, dogs are."], turns=7)
    prompts = []
    model = FakeModel(lambda prompt: prompts.append(prompt) or f"Text {prompt.seed}.")
    _, events = held([given], tmp_path, model, history=3)
    assert speakers(events) == ["ann", "ben", "cleo", "ann", "ben", "cleo", "ann"]
    assert [row["who"] for row in events[:2]] == ["ann", "ben"]
    texts = [row["text"] for row in events]
    for prompt, place in zip(prompts, range(2, 9), strict=True):
        shown = [line.partition(": ")[2].strip('"') for line in prompt.user.splitlines()]
        assert shown == texts[max(0, place - 3) : place]
        assert "room" not in prompt.system
        assert "from the village" in prompt.system
    assert len({row["root"] for row in events}) == 1
    assert [row["post"] for row in events] == [None, *range(8)]


def test_discussions_run_at_once_and_hear_nothing_of_each_other(tmp_path):
    given = [Discussion(PEOPLE, [f"Topic {number}."], turns=4) for number in range(20)]
    done, events = held(given, tmp_path)
    rooms = Counter(row["root"] for row in events)
    assert sorted(rooms.values()) == [5] * 20
    assert {row["time"] for row in events if row["cue"] is None} == {30.0, 120.0, 210.0, 300.0}
    for call in done.read("calls").to_pylist():
        suffix = call["who"].partition("-")[2]
        seen = [line.partition(":")[0] for line in call["user"].splitlines()]
        assert {name.partition("-")[2] for name in seen} == {suffix}


def test_a_name_is_of_ones_own_room(tmp_path):
    given = [
        Discussion(PEOPLE[:2], [f"Hey @{name}, a secret."], turns=3) for name in ("ben-2", "ben")
    ]
    done, events = held(given, tmp_path, FakeModel(lambda prompt: f"Text {prompt.seed}."))
    room_of = {row["made"]: row["root"] for row in events}
    shown = done.read("exposures").to_pylist()
    assert {(row["who"][3:], room_of[row["post"]]) for row in shown} == {("", 0), ("-2", 1)}
    assert [row["who"] for row in shown if row["ranker"] == "mention"] == ["ben", "ben-2"]


def test_a_name_without_the_suffix_of_the_room_is_enough(tmp_path):
    seen = []

    async def watching(me, view, ask):
        seen.extend((me.persona.id, why) for why in view.why if why)
        return Say("What do you say, @Cleo?")

    given = Discussion(PEOPLE, turns=3, speakers=Mentioned(RoundRobin()))
    _, events = held([given, given], tmp_path, behaviour=watching)
    assert speakers(events)[1::2] == ["ann-2", "cleo-2", "ann-2"]
    assert seen == [("cleo", "mentioned you"), ("cleo-2", "mentioned you")]


def test_a_turn_that_fails_ends_no_discussion(tmp_path):
    def reply(prompt):
        if "@ben" in prompt.system:
            raise ValueError("no reply")
        return f"Text {prompt.seed}"

    _, events = held([Discussion(PEOPLE, turns=6)], tmp_path, FakeModel(reply))
    assert [(row["who"], row["outcome"]) for row in events] == [
        ("ann", "done"), ("ben", "failed"), ("cleo", "done"),
        ("ann", "done"), ("ben", "failed"), ("cleo", "done"),
    ]  # fmt: skip


def test_a_moderator_speaks_after_each_turn_or_passes_when_not_needed(tmp_path):
    given = Discussion(PEOPLE, moderator=CHAIR, turns=3)
    _, events = held([given], tmp_path)
    assert speakers(events) == ["ann", "chair", "ben", "chair", "cleo", "chair"]

    def calm(prompt):
        return "pass" if "You are @chair" in prompt.system else "Hello there."

    _, events = held([given], tmp_path, FakeModel(calm), moderates="when needed")
    assert [row["verb"] for row in events] == ["say", "pass"] * 3


def test_a_moderator_chooses_who_speaks(tmp_path):
    def reply(prompt):
        return "cleo" if "Who should speak next?" in prompt.user else f"Text {prompt.seed}"

    given = Discussion(PEOPLE, moderator=CHAIR, turns=3)
    _, events = held([given], tmp_path, FakeModel(reply), moderates="chooses")
    assert speakers(events) == ["chair", "cleo"] * 3
    floors = [(row["verb"], row["whom"]) for row in events if row["who"] == "chair"]
    assert floors == [("give_floor", "cleo")] * 3


@pytest.mark.parametrize(
    ("said", "floor"),
    [
        ("@Cleo", "cleo"),
        ("I think @cleo should go on.", "cleo"),
        ("Cleo, then.", "cleo"),
        ("ann or cleo", None),
        ("Not cleo.", None),
        ("cleopatra", None),
        ("Hm.", None),
    ],
)
def test_a_moderator_names_one_speaker_in_words_of_its_own_or_its_turn_fails(tmp_path, said, floor):
    def reply(prompt):
        return said if "Who should speak next?" in prompt.user else f"Text {prompt.seed}"

    given = Discussion(PEOPLE, moderator=CHAIR, turns=1)
    _, events = held([given] * 2, tmp_path, FakeModel(reply), moderates="chooses")
    for suffix, chair, speaker in zip(("", "-2"), events[:2], events[2:], strict=True):
        assert speaker["outcome"] == "done"
        if floor is not None:
            whom = floor + suffix
            assert (chair["verb"], chair["whom"], speaker["who"]) == ("give_floor", whom, whom)
        else:
            assert chair["outcome"] == "failed"
            assert chair["reason"].startswith("the reply does not name one participant: ")


def test_whoever_was_named_answers(tmp_path):
    def reply(prompt):
        return "What do you say, @cleo?" if "@ann" in prompt.system else "Hm, nothing."

    given = Discussion(PEOPLE, turns=5, speakers=Mentioned(RoundRobin()))
    _, events = held([given], tmp_path, FakeModel(reply))
    assert speakers(events) == ["ann", "cleo", "ann", "cleo", "ann"]


@pytest.mark.parametrize("moderates", [None, "when needed"])
def test_neither_the_author_nor_who_said_nothing_is_named_by_the_last_text(tmp_path, moderates):
    def reply(prompt):
        if "@chair" in prompt.system:
            return "pass"
        return "" if "@ben" in prompt.system else "I, @ann, say yes." * ("@ann" in prompt.system)

    def asks(prompt):
        return reply(prompt) and reply(prompt).replace("@ann", "@ann, ask @ben")

    def order(model):
        given = Discussion(
            PEOPLE, ["@cleo, I am @ann."], CHAIR if moderates else None, Mentioned(RoundRobin()), 5
        )
        options = {} if moderates is None else {"moderates": moderates}
        _, events = held([given], tmp_path, FakeModel(model), **options)
        return [who for who in speakers(events) if who != "chair"]

    # The opening is ann's, and its first name is another's.
    assert order(reply) == ["cleo", "ann", "ben", "cleo", "ann"]
    assert order(asks) == ["cleo", "ann", "ben", "cleo", "ann"]


def test_whoever_the_moderator_names_is_named_although_they_had_the_last_turn(tmp_path):
    def reply(prompt):
        return "Go on, @ann." if "@chair" in prompt.system else "Hm."

    given = Discussion(PEOPLE, (), CHAIR, Mentioned(RoundRobin()), turns=3)
    _, events = held([given], tmp_path, FakeModel(reply))
    assert speakers(events) == ["ann", "chair"] * 3


def test_two_who_were_named_and_say_nothing_are_asked_once_each(tmp_path):
    def reply(prompt):
        return "@ben and @cleo, what do you say?" if "@ann" in prompt.system else ""

    people = [*PEOPLE, Persona(id="dan")]
    given = Discussion(people, turns=6, speakers=Mentioned(RoundRobin()))
    _, events = held([given], tmp_path, FakeModel(reply))
    assert speakers(events) == ["ann", "ben", "cleo", "dan", "ann", "ben"]


@pytest.mark.parametrize(("chair", "second"), [("Quite so.", "cleo"), ("And you, @ann?", "ann")])
def test_a_name_in_the_text_before_the_moderators_counts_where_one_says_so(tmp_path, chair, second):
    def reply(prompt):
        if "@chair" in prompt.system:
            return chair
        return "Hm, @cleo?" if "@ann" in prompt.system else "No."

    def order(rule, moderated=CHAIR):
        given = Discussion(PEOPLE, (), moderated, rule, turns=3)
        _, events = held([given], tmp_path, FakeModel(reply))
        return [who for who in speakers(events) if who != "chair"]

    after = order(Mentioned(RoundRobin(), before_moderator=True))
    assert after == ["ann", second, "ann"]
    alone = ["ann", "ben", "cleo"] if chair == "Quite so." else ["ann", "ann", "ann"]
    assert order(Mentioned(RoundRobin())) == alone
    unmoderated = [Mentioned(RoundRobin(), before_moderator=way) for way in (False, True)]
    assert len({tuple(order(rule, None)) for rule in unmoderated}) == 1


@pytest.mark.parametrize("calls", [3, 8, 13])
def test_discussions_that_were_broken_off_go_on_as_if_they_had_not_been(tmp_path, calls):
    said = ("@ben and @cleo?", "", "pass", "Well, @ann.", "Hm.")

    def answers():
        return {"model": FakeModel(lambda prompt: said[prompt.seed % 5]), "accept_failures": True}

    rule = Mentioned(RandomSpeaker(), before_moderator=True)
    given = Discussion(PEOPLE, ["@cleo?"], CHAIR, rule, turns=8)
    scenario = discussions([given, given], moderates="when needed", seed=3)
    whole = run(scenario, out=tmp_path / "whole", **answers())
    broken = run(scenario, out=tmp_path / "broken", max_calls=calls, **answers())
    assert broken.read("calls").num_rows < whole.read("calls").num_rows
    resumed = resume(broken, scenario, **answers())
    for table in ("events", "exposures", "state", "ledger"):
        assert resumed.read(table).equals(whole.read(table)), table
    assert resumed.manifest.state_hash == whole.manifest.state_hash


def test_whoever_an_opinion_names_answers_first(tmp_path):
    given = [
        Discussion(PEOPLE, ["Cats.", opinion], turns=2, speakers=Mentioned(RoundRobin()))
        for opinion in (
            "Dogs, @Cleo!", "Dogs, @ben and @cleo-2!", "@radio asks nobody.", "I am @ben."
        )
    ]  # fmt: skip
    _, events = held(given, tmp_path)
    first = [row["who"] for row in events if row["turn"] == 0 and row["time"] < MINUTE]
    assert sorted(first) == ["ann-3", "ann-4", "cleo", "cleo-2"]


def test_an_opinion_names_none_of_two_whom_case_alone_tells_apart():
    for named, speaker in (("BEN", "ann"), ("ben", "ben"), ("Ben", "Ben"), ("ANN", "ann")):
        people, opening = ["ann", "Ben", "ben"], ("host", f"Hi @{named}")
        rhythm = TurnsInRooms(
            [Room("r", people, speakers=Mentioned(RoundRobin()), opening=opening)]
        )
        first = [who for who in people if rhythm.first(who, Draw(1, who, 0, "")) is not None]
        assert first == [speaker]


def drawn(rule, count=400, spoken=()):
    spoken = list(spoken)
    for turn in range(count):
        spoken.append(rule(Turns((0, 1, 2), spoken, (), None), Draw(7, "", turn, "floor")))
    return spoken


def test_rules_of_chance_draw_as_they_say():
    alone = RandomSpeaker()(Turns((5,), [5], (), None), Draw(0, "", 0, ""))
    assert alone == 5
    order = drawn(RandomSpeaker())
    assert all(one != other for one, other in pairwise(order))
    assert all(80 < order.count(one) < 190 for one in (0, 1, 2))
    answers = drawn(RespondsWith(0.8))
    back = sum(one == other for one, other in zip(answers, answers[2:], strict=False))
    # The one before the last answers with 0.8, and is drawn among two others else.
    assert 0.83 < back / 398 < 0.96
    assert {drawn(RoundRobin(random_first=True), 1)[0] for _ in range(3)} <= {0, 1, 2}
    assert ChosenByModerator()(Turns((0, 1), [], (), 1), Draw(0, "", 0, "")) == 1


def test_a_rule_of_ones_own_returns_numbers_of_its_room(tmp_path):
    asked = []

    def last(turns, draw):
        asked.append(turns)
        return np.int64(2)

    given = Discussion(PEOPLE, turns=2, speakers=last)
    _, events = held([given, given], tmp_path, FakeModel(lambda prompt: "Well, @Ben?"))
    assert speakers(events) == ["cleo", "cleo-2"] * 2
    assert asked[-1] == Turns([0, 1, 2], [2], [1], None)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("wrong", [3, -1, "ben", None, True, 1.0])
def test_a_rule_that_returns_no_participant_is_told_with_its_room(tmp_path, wrong, first):
    def mine(turns, draw):
        return 0 if not (first or turns.spoken) else wrong

    given = [Discussion(PEOPLE), Discussion(PEOPLE, turns=2, speakers=mine)]
    problem = rf"mine of room 'discussion 2' returned {wrong!r}; return one of .*\[0, 1, 2\]"
    with pytest.raises(UserCodeError, match=problem):
        held(given, tmp_path)


def test_a_rule_that_raises_is_told_with_its_room(tmp_path):
    def mine(turns, draw):
        raise KeyError("mood")

    with pytest.raises(UserCodeError, match="mine of room 'discussion 1' raised KeyError: 'mood'"):
        held([Discussion(PEOPLE, speakers=mine)], tmp_path)


def test_some_of_a_pool_take_part_others_in_each_room(tmp_path):
    pool = [Persona(id=f"p{number}") for number in range(12)]
    scenario = discussions([Discussion(pool, active=3, turns=3) for _ in range(6)], seed=4)
    again = discussions([Discussion(pool, active=3, turns=3) for _ in range(6)], seed=4)
    handles = scenario.handles()
    assert handles == again.handles()
    rooms = [{one.partition("-")[0] for one in handles[at : at + 3]} for at in range(0, 18, 3)]
    assert len({frozenset(room) for room in rooms}) > 1


def test_strangers_voice_opinions_and_say_no_more(tmp_path):
    given = Discussion(PEOPLE[:2], [("radio", "It rains."), "It does not."], turns=2)
    _, events = held([given], tmp_path)
    assert [row["who"] for row in events] == ["radio", "ben", "ann", "ben"]


def test_people_of_several_models_take_turns_as_people_of_one(tmp_path):
    given = Discussion(PEOPLE, ["@ben?"], CHAIR, RandomSpeaker(), turns=8)
    _, events = held([given, given], tmp_path)
    mixed = discussions([given, given], model={"ann": "big", "chair": "big"}, temperature=0.0)
    assert [(one.name, one.model) for one in mixed.cohorts] == [
        ("participants", None), ("participants big", "big"), ("moderators big", "big"),
    ]  # fmt: skip
    assert {one.temperature for one in mixed.cohorts} == {0.0}
    models = {"big": FakeModel(lambda _: "Big.")}
    made = run(mixed, model=FakeModel(), models=models, out=tmp_path / "mixed")
    rows = made.read("events").to_pylist()
    assert speakers(rows) == speakers(events)
    big = {row["who"] for row in rows if row["text"] == "Big."}
    assert big == {"ann", "chair", "ann-2", "chair-2"}
    assert expected_turns(mixed) == pytest.approx(expected_turns(discussions([given, given])))


def test_the_number_of_turns_is_known_before():
    given = Discussion(PEOPLE, moderator=CHAIR, turns=6)
    assert expected_turns(discussions([given, given])) == pytest.approx(24)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Discussion([]), "no participants"),
        (lambda: Discussion(PEOPLE, turns=0), "turns=0"),
        (lambda: Discussion(PEOPLE, active=4), "active=4; give 1 to 3"),
        (lambda: Discussion(PEOPLE, [" "]), "an opinion that a discussion begins with is empty"),
        (lambda: Discussion(PEOPLE, "Cats."), r"opinions='Cats.'\); give a list$"),
        (
            lambda: Discussion(PEOPLE, [("ann", "Hi.", "ben")]),
            r"is \('ann', 'Hi.', 'ben'\); give a text, or \(handle, text\)",
        ),
        (
            lambda: Scenario(
                "s", [Cohort("c", PEOPLE, rhythm=TurnsInRooms([Room("den", ["ann", "benn"])]))]
            ),
            "cohort 'c' takes turns with @benn, who is in no cohort; did you mean .ben.",
        ),
        (lambda: discussions([]), "there are no discussions"),
        (
            lambda: discussions([Discussion(PEOPLE)], model={"bent": "big"}),
            "nobody is called @bent; did you mean 'ben'",
        ),
        (lambda: discussions([Discussion(PEOPLE)], history=0), "history=0"),
        (lambda: RespondsWith(2.0), "give a probability"),
        (
            lambda: discussions([Discussion(PEOPLE), Discussion([*PEOPLE, PEOPLE[0]])]),
            "discussion 2 has @ann twice; name everyone once",
        ),
        (
            lambda: discussions([Discussion(PEOPLE, moderator=PEOPLE[1])]),
            "discussion 1 has @ben twice; name everyone once, as participant or as moderator",
        ),
        (
            lambda: discussions([Discussion([Persona(id="ben-2")]), Discussion(PEOPLE)]),
            "@ben of discussion 2 gets the handle 'ben-2', which somebody of discussion 1 has",
        ),
        (
            lambda: discussions([Discussion([Persona(id="ann", attributes={"room": "attic"})])]),
            "discussion 1: @ann has an attribute 'room', which the discussion sets; remove it",
        ),
        (
            lambda: TurnsInRooms([Room("den", ["ann", "ben", "ann"])]),
            "room 'den' has @ann twice",
        ),
        (
            lambda: TurnsInRooms([Room("den", ["ann"]), Room("attic", ["ben"], "ann")]),
            "@ann is in room 'den' and in room 'attic'; a persona is in one room",
        ),
        (
            lambda: TurnsInRooms([Room("den", ["ann"]), Room("den", ["ben"])]),
            "two rooms are called 'den'",
        ),
        (
            lambda: discussions([Discussion(PEOPLE, speakers=ChosenByModerator())]),
            "discussion 1: speakers=ChosenByModerator, and moderates='each turn', so the moderator",
        ),
        (
            lambda: discussions(
                [Discussion(PEOPLE, (), CHAIR, Mentioned(ChosenByModerator()))],
                moderates="when needed",
            ),
            r"otherwise=ChosenByModerator\), and moderates='when needed', .*moderates='chooses'",
        ),
        (
            lambda: discussions(
                [Discussion(PEOPLE, speakers=ChosenByModerator())], moderates="chooses"
            ),
            "no moderator who could choose",
        ),
    ],
)
def test_a_discussion_that_cannot_be_held_is_refused(make, problem):
    with pytest.raises(ScenarioError, match=problem):
        make()
