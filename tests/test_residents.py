"""An actor of agents gets what all have in common, and of the people only its own."""

import pickle

from simnet import Cohort, Cue, Persona, Scenario, Write, sample
from simnet.runtime.agent_factory import agents_of, profile_lookup
from simnet.runtime.residents import Directory, common_part, places_of

PEOPLE = [Persona(id=f"p{number}", description=f"{number} " * 500) for number in range(200)]
TOWN = Scenario(
    "town",
    [Cohort("people", PEOPLE, follows={"crowd": 0.5}), Cohort("crowd", sample(50))],
    cues=[Cue(1.0, "p1", Write("hello"))],
    ties=[("p1", "p2")],
)


def test_the_people_of_an_actor_are_its_own_and_lazy_ones_are_not_sent():
    lazy = TOWN.cohorts[1].personas[7]
    residents = Directory(TOWN).residents(["p3", lazy.id])
    assert list(residents.personas.values()) == [PEOPLE[3]]
    assert residents.places == {"p3": (0, 3), lazy.id: (1, 7)}
    assert len(pickle.dumps(residents)) < 5_000 < len(pickle.dumps(TOWN)) / 20


def test_the_common_part_makes_the_same_agents():
    common = common_part(TOWN, [cohort.personas for cohort in TOWN.cohorts])
    handles = ["p3", TOWN.cohorts[1].personas[7].id]
    whole, part = agents_of(TOWN), agents_of(common, Directory(TOWN).residents(handles).places)
    for handle in handles:
        assert whole(handle).persona == part(handle).persona
        assert whole(handle).profile == part(handle).profile
        places = places_of(TOWN)
        assert profile_lookup(common, [], places)(handle, 0.0) == whole(handle).profile
    assert (common.ties, common.cues) == ((), ())
    assert TOWN.cues
