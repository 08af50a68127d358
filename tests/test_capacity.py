"""What cannot fit is refused before anything starts, with what to set instead."""

import pytest
from typer.testing import CliRunner

import simnet
from simnet import HOUR, Cohort, FakeModel, Never, Scenario, networks, sample
from simnet.cli.app import app
from simnet.errors import ScenarioError
from simnet.runtime.capacity import Capacity, Need, check_fits, machine, need_of
from simnet.runtime.placement import place
from simnet.scenario.forecast.expected_ties import expected_ties
from simnet.scenario.initial_network import network_of

GB = 1e9
ROOMY = Capacity("this machine", 64 * GB, 100_000, 100_000)


def crowd(size=5_000, **fields):
    cohort = Cohort("crowd", sample(size), follows=fields.pop("follows", {}))
    return Scenario("big", [cohort], lasts=HOUR, **fields)


@pytest.mark.parametrize(
    ("capacity", "message"),
    [
        (ROOMY, "5,000 actors of 113 MB each take 566.0 GB of memory, and this machine has 64.0"),
        (ROOMY._replace(memory=1e15), "actors take 350,000 threads, and this machine allows 100,0"),
        (
            ROOMY._replace(memory=1e15, threads=10**9, descriptors=4096),
            "actors take 20,500 file descriptors, and this machine allows 4,096",
        ),
    ],
)
def test_too_many_actors_are_refused_with_a_number_that_fits(capacity, message):
    need = Need(5_000, 5_000, 0.0)
    with pytest.raises(ScenarioError, match=message) as raised:
        check_fits("big", need, capacity, literal=True)
    fitting = int(str(raised.value).partition("--personas-per-actor ")[2].split()[0])
    check_fits("big", Need(5_000, -(-5_000 // fitting), 0.0), capacity, literal=True)
    assert fitting < 1000


def test_a_network_that_fits_no_memory_is_refused():
    scenario = crowd(100_000, follows={"crowd": 1.0})
    need = need_of(scenario, place(scenario, "auto", 2))
    assert need.ties == 1e10
    with pytest.raises(ScenarioError, match=r"about 10,000,000,000 ties .* lower the chances"):
        check_fits("big", need, ROOMY, literal=False)


@pytest.mark.parametrize(
    ("builder", "tolerance"),
    [(networks.erdos_renyi(0.01), 0.1), (networks.random_followees(7.0), 0.1)],
)
def test_the_ties_of_a_builder_are_estimated_from_few_members(builder, tolerance):
    scenario = crowd(6_000, ties=builder)
    drawn = len(network_of(scenario, scenario.handles())[0])
    assert expected_ties(scenario) == pytest.approx(drawn, rel=tolerance)


def test_the_ties_of_few_people_and_those_of_a_file_are_counted(tmp_path):
    one, other, third = (persona.id for persona in sample(3))
    path = tmp_path / "edges.csv"
    path.write_text(f"{one},{other}\n{other},{third}\n")
    assert expected_ties(crowd(6, ties=networks.edges(path))) == 2
    assert expected_ties(crowd(2_500, ties=networks.edges(path))) == 2
    assert expected_ties(crowd(6, ties=networks.random_followees(2))) == 12


def test_this_machine_has_memory_threads_and_descriptors():
    here = machine()
    assert here.memory > 1e8
    assert min(here.threads, here.descriptors) > 100


FILE = """
from simnet import *
big = Scenario("big", [Cohort("c", sample(5000))], lasts=60.0)
"""


def test_validate_and_run_refuse_unless_forced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "big.py").write_text(FILE)
    small = Capacity("this machine", 8 * GB, 100_000, 100_000)
    for module in ("simnet.cli.scenarios.validate", "simnet.runs.start"):
        monkeypatch.setattr(f"{module}.machine", lambda: small)
    for command in ("validate", "run"):
        refused = CliRunner().invoke(app, [command, "big.py", "--personas-per-actor", "1"])
        assert refused.exit_code == 3
        assert "5,000 actors of 113 MB each" in refused.stderr
        assert not (tmp_path / "runs").exists()
    options = ["--personas-per-actor", "1", "--force"]
    assert CliRunner().invoke(app, ["validate", "big.py", *options]).exit_code == 0
    assert CliRunner().invoke(app, ["validate", "big.py"]).exit_code == 0


def test_a_run_in_this_process_has_no_actors_to_refuse(tmp_path, monkeypatch):
    small = Capacity("this machine", 1 * GB, 100, 100)
    monkeypatch.setattr("simnet.runs.start.machine", lambda: small)
    scenario = Scenario("small", [Cohort("c", sample(2), follows={"c": 1.0})], lasts=HOUR)
    simnet.run(scenario, model=FakeModel(), out=tmp_path, personas_per_actor=1)
    with pytest.raises(ScenarioError, match="2 actors"):
        simnet.run(scenario, backend="fake", out=tmp_path, personas_per_actor=1)


@pytest.mark.parametrize(("people", "cores", "memory", "actors"), [
    (8, 2, 16e9, 8), (9, 2, 16e9, 1), (27, 2, 16e9, 1), (64, 16, 64e9, 64), (65, 16, 64e9, 8),
    (8, 2, 2e9, 1), (4, 2, 2e9, 4), (40, 16, 8e9, 8),
])  # fmt: skip
def test_each_persona_has_an_actor_where_cores_and_memory_allow_it(people, cores, memory, actors):
    members = Cohort("members", sample(people))
    press = Cohort("press", sample(3, seed=8), rhythm=Never())
    scenario = Scenario("town", [members, press], lasts=HOUR)
    placement = place(scenario, "auto", cores, memory)
    assert placement.actors == actors
    assert set(placement.host_of) == {one.id for one in members.personas}
