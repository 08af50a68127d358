"""Explicit personas are once in the object store; an actor is sent its own."""

import pickle

import pytest

from simnet import Cohort, Persona, Scenario

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster")]

PEOPLE = [Persona(id=f"p{number}", description=f"{number} " * 500) for number in range(600)]


def test_what_an_actor_is_sent_does_not_grow_with_the_population():
    import ray

    from simnet.runtime.ray.agents.persona_shelf import PersonaShelf
    from simnet.runtime.residents import common_part

    shelf = PersonaShelf.stored(PEOPLE)
    common = common_part(Scenario("town", [Cohort("people", PEOPLE)]), [shelf])
    sent = len(ray.cloudpickle.dumps(common))
    assert sent < 20_000 < len(pickle.dumps(PEOPLE)) / 20

    @ray.remote(num_cpus=0)
    def look(scenario, own):
        there = scenario.cohorts[0].personas
        there.add(own)
        return len(there), there[7].id, there[599].id, there[-1].id, [one.id for one in there[1:3]]

    found = ray.get(look.remote(common, {7: PEOPLE[7]}))
    assert found == (600, "p7", "p599", "p599", ["p1", "p2"])
