"""On Ray, people join the same way, and the tables are those of one process."""

import asyncio

import pytest
from made_people import played

from simnet import Cohort, Feed, Persona, Scenario, Steps, feeds
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.runs.repeats.reload_scenario import timeline_from
from simnet.runs.repeats.replay import replay
from simnet.verbs import MEMBER

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster")]


def test_a_person_joins_a_run_on_ray_and_the_tables_are_those_of_one_process(tmp_path):
    people = [Persona(id=name) for name in ("ann", "ben", "cleo")]
    folk = Cohort(
        "folk",
        people,
        verbs=MEMBER,
        rhythm=Steps(60.0),
        reacts_in=10.0,
        feed=Feed(reads=feeds.everything),
    )
    scenario = Scenario("village", [folk], lasts=240.0)
    answers = ["write: Good morning", ["like 9", "like @ben"], "skip"]

    def play(name, **options):
        backend = FakeBackend(reply=lambda prompt: f"write: number {prompt.seed % 1000}")
        done, messages = asyncio.run(
            played(scenario, tmp_path / name, answers, model=backend, **options)
        )
        assert [one["type"] for one in messages if one["type"] != "view"] == [
            "taken", "refused", "taken", "taken",
        ]  # fmt: skip
        assert replay(done, timeline_from(done, scenario)).differences == ()
        return done

    here, there = play("here", ray=False), play("there", ray=True, personas_per_actor=2)
    assert here.manifest.state == there.manifest.state == "completed"
    for table in ("events", "exposures", "network"):
        assert there.read(table).equals(here.read(table))
    calls = [
        [(row["who"], row["turn"], row["model"], row["completion"]) for row in rows]
        for rows in (here.read("calls").to_pylist(), there.read("calls").to_pylist())
    ]
    assert sorted(calls[0]) == sorted(calls[1])
