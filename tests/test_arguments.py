"""What is said of values of the wrong kind: one line that says what to write."""

from datetime import timedelta

import pytest

import simnet
from simnet import (
    HOUR,
    Action,
    Cohort,
    Cue,
    Diurnal,
    Exponential,
    FakeModel,
    Feed,
    Like,
    OnPost,
    Persona,
    Scenario,
    Steps,
    TakingTurns,
    Write,
    feeds,
    interventions,
    networks,
    opinions,
    rankings,
    rhythms,
    rules,
)
from simnet.discussions import Discussion, RoundRobin, discussions
from simnet.errors import SimnetError
from simnet.foundation.arguments import checked
from simnet.health import Health

PEOPLE = [Persona(id="ann"), Persona(id="ben")]


async def two(me, view):
    return []


def steps(me, view, ask):
    yield []


class NoRhythm:
    def first(self, who, draw):
        return 1.0


def cohort(**fields):
    return Cohort("c", PEOPLE, **fields)


def scenario(**fields):
    return Scenario("x", [cohort()], **fields)


WRONG = [
    (lambda: Cohort("c", PEOPLE[0]), "cohort 'c': personas=.*; put it into a list"),
    (
        lambda: Cohort("c", [{"id": "ann"}]),
        r"is not a Persona; write Persona\(...\) with",
    ),
    (lambda: Cohort("c", ["ann"]), r"'ann' is not a Persona; write Persona\(id='ann'\)"),
    (lambda: Cohort("c", (one for one in PEOPLE)), r"make a list of it: list\(...\)"),
    (lambda: Cohort("c"), "Cohort: missing a required argument: 'personas'; it takes name, "),
    (lambda: cohort(rythm=Steps(1.0)), r"Cohort has no 'rythm'; did you mean 'rhythm'\?$"),
    (lambda: cohort(zzz=1), "Cohort has no 'zzz'; it has name, personas, "),
    (lambda: cohort(rhythm=60), "cohort 'c': rhythm=60; give a rhythm, such as Exponential"),
    (lambda: cohort(rhythm=Steps), r"write Steps\(...\)"),
    (lambda: cohort(rhythm=NoRhythm()), "it has no 'triggered_by' or 'after' or 'triggered'; a Rh"),
    (
        lambda: cohort(verbs=("write",)),
        "'write' is not a verb class; write Write, without .* in simnet.verbs$",
    ),
    (lambda: cohort(verbs="member"), "write MEMBER, without quotation marks; it is in simnet.ve"),
    (lambda: cohort(rhythm="1h"), r"rhythm='1h'; write Exponential\(1 \* HOUR\)$"),
    (lambda: cohort(rhythm="never"), r"write Never\(\), without quotation marks; it is in simne"),
    (lambda: cohort(rhythm=None), "rhythm=None; give a rhythm, such as Exponential"),
    (lambda: cohort(feed="reported"), r"write Feed\(reads=reported\)$"),
    (lambda: cohort(verbs=(Write("x"),)), "is not a verb class; write Write, without brackets"),
    (lambda: cohort(behaviour=two(1, 2)), r"; write two, without \(...\) after it$"),
    (lambda: cohort(follows=["c"]), r"follows=\['c'\]; write {'c': 1.0}"),
    (lambda: cohort(follows="c"), "follows='c'; write {'c': 1.0}"),
    (lambda: Cue(0, "a", "hi"), r"does='hi'\); to let somebody write that, give Write\('hi'\)"),
    (lambda: cohort(behaviour="converse"), "write converse, without quotation marks"),
    (lambda: cohort(behaviour="enforce"), r"write enforce\(...\), without quotation marks; it is "),
    (lambda: cohort(behaviour="gossip"), "write gossip, without .* if it is your own, or .* lurk"),
    (
        lambda: cohort(behaviour=two),
        r"two does not take 3 arguments \(me, view, ask\) \(test_arguments.py:\d+: async def .*\)$",
    ),
    (lambda: cohort(behaviour=opinions.states_opinion), r"write states_opinion\(...\)"),
    (lambda: cohort(behaviour=steps), "behaviour steps is a generator, for it has a `yield`"),
    (lambda: cohort(memory="5"), "cohort 'c': memory='5'; write 5 without quotation marks"),
    (lambda: cohort(reacts_in="5m"), r"reacts_in='5m'; give seconds: write 5 \* MINUTE"),
    (lambda: cohort(reacts_in=timedelta(minutes=5)), "give seconds: write 300"),
    (lambda: cohort(follows={"c": "all"}), "in place of 'all' give a number"),
    (lambda: cohort(acts=1.5), "acts=1.5; give a whole number"),
    (lambda: scenario(lasts="1h"), r"scenario 'x': lasts='1h'; give seconds: write 1 \* HOUR"),
    (
        lambda: scenario(ties=[(1, 2)]),
        r"x: tie 0 is \(1, 2\); a tie is .follower, fo",
    ),
    (
        lambda: scenario(ties=["ann"]),
        "x: tie 0 is 'ann'; a tie is .follower, fo",
    ),
    (lambda: scenario(seed="7"), "seed='7'; write 7 without quotation marks"),
    (lambda: scenario(cues=Cue(1.0, "ann", Write("x"))), "cues=.*; put it into a list"),
    (lambda: Scenario("x", cohort()), "scenario 'x': cohorts=.*; put it into a list"),
    (lambda: Scenario("x", PEOPLE), "is not a Cohort; give a Cohort"),
    (lambda: Cue("1h", "ann", Write("x")), r"Cue\(at='1h'\); give seconds: write 1 \* HOUR"),
    (lambda: Cue(1.0, "ann", Write), r"Cue\(does=<class .*>\); write Write\(...\)"),
    (lambda: scenario(cues=[Cue(1.0, "ann", Write(5))]), r"Write\(text=5\): give a text"),
    (lambda: scenario(cues=[Cue(1.0, "ann", Like("x"))]), "give the number of a post"),
    (lambda: Exponential("10m"), r"Exponential\(mean='10m'\); give seconds: write 10 \* MINUTE"),
    (Steps, "Steps: missing a required argument: 'every'"),
    (lambda: OnPost(delay=None), r"OnPost\(delay=None\); give a number"),
    (lambda: TakingTurns(PEOPLE), "is not a text; give a text"),
    (lambda: Diurnal(8 * HOUR, starts="monday"), "give a datetime"),
    (lambda: rhythms.Between(5), "give a rhythm"),
    (lambda: Feed(size="10"), r"Feed\(size='10'\); write 10 without quotation marks"),
    (lambda: Feed(ranking="hot"), "write hot, without quotation marks"),
    (lambda: Feed(ranking="newest"), "write chronological, without quotation marks; it is in "),
    (lambda: Feed(reads="for you"), r"give a function \(Source\), such as .*, reported"),
    (lambda: Health(repeats=0.1), r"Health\(repeats=0.1\); write Alarm\(0.1\)$"),
    (lambda: discussions([], model=FakeModel()), r"give models to run\(..., model=...\), and her"),
    *(
        (lambda text=text: Discussion(PEOPLE, speakers=text), rf"; write {rule}\(.*\), without")
        for text, rule in {
            "round_robin": "RoundRobin",
            "round robin": "RoundRobin",
            "RoundRobbin": "RoundRobin",
            "RoundRobin()": "RoundRobin",
            "QueueTurnManager": "RoundRobin",
            "random": "RandomSpeaker",
            "RandomTurnManager": "RandomSpeaker",
            "random_weighted": "RespondsWith",
            "RespondTurnManager": "RespondsWith",
            "mention": "Mentioned",
            "moderator": "ChosenByModerator",
        }.items()
    ),
    (
        lambda: Discussion(PEOPLE, speakers="RespondsWith(0.8)"),
        r"write RespondsWith\(0.8\), without quotation marks; it is in simnet.discussions$",
    ),
    (lambda: Discussion(PEOPLE, speakers=RoundRobin), r"; write RoundRobin\(\)$"),
    (lambda: Discussion(PEOPLE, speakers=None), r"give a function \(NextSpeaker\), such as Chosen"),
    (
        lambda: Feed(ranking=rankings.engagement),
        r"does not take 4 arguments \(world, viewer, posts, now\); .* write engagement\(...\)$",
    ),
    (lambda: Feed(reads=feeds.popular), r"write popular\(...\)"),
    (lambda: Feed(suggests=two), r"does not take 4 arguments \(network, who, limit, key\)"),
    (lambda: rankings.mix(rankings.hot, rankings.interest, 0.5), r"write interest\(...\)"),
    (lambda: rankings.blend({rankings.engagement: 1.0}), r"write engagement\(...\)"),
    (lambda: interventions.SetRanking("c", rankings.interest), r"write interest\(...\)"),
    (lambda: rules.likes(rules.chance), r"chance does not take 2 arguments \(me, post\)"),
    (lambda: Feed(window="2d"), r"give seconds: write 2 \* DAY"),
    (lambda: networks.erdos_renyi("a"), r"erdos_renyi\(chance='a'\); give a number"),
    (lambda: networks.together(5), "5 is not a function; give a function"),
    (lambda: rankings.blend({"hot": 1.0}), "in place of 'hot' write hot, without"),
    (lambda: rankings.engagement("1h"), r"write 1 \* HOUR"),
    (lambda: rules.likes(0.5), r"give a function \(Probability\)"),
    (lambda: simnet.run("town.py", model=FakeModel()), r"run\(scenario='town.py'\); give a Scen"),
    (lambda: simnet.run(scenario(), model=5), r"run\(model=5\); "),
    (lambda: simnet.run(scenario(), model=FakeModel(), max_calls="5"), "write 5 without quotati"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_a_value_of_the_wrong_kind_is_told_in_one_line(make, message):
    with pytest.raises(SimnetError, match=message) as raised:
        make()
    assert "\n" not in str(raised.value)


def test_right_values_and_subclasses_are_let_through():
    class Daily(Steps):
        def __init__(self, hours):
            super().__init__(hours * HOUR)

    assert Daily(2).every == 2 * HOUR
    assert cohort(rhythm=Daily(2), verbs=[Write], memory=0, follows={}).verbs == [Write]
    assert scenario(ties=lambda handles, seed: ([], [])).name == "x"


def test_a_checked_function_is_called_as_it_is():
    @checked
    def double(number: float, *more: int, label: str = "") -> float:
        """Double it."""
        return 2 * number + sum(more)

    assert double(2, 1, 1, label="x") == 6
    assert double.__doc__ == "Double it."
    with pytest.raises(SimnetError, match=r"double\(more=\(1, 'x'\)\); 'x' is not a whole number"):
        double(2, 1, "x")


def test_a_file_of_ties_is_read_by_a_function():
    with pytest.raises(
        SimnetError, match=r"ties='edges.csv'; read a file with networks.edges\('ed"
    ):
        scenario(ties="edges.csv")


def test_a_verb_that_does_nothing_is_found_before_the_run():
    class Nod(Action):
        verb = "nod"

    with pytest.raises(SimnetError, match="the verb Nod has no method `do`"):
        Cohort("c", PEOPLE, verbs=(Nod,))
