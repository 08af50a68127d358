"""Classical models as scenarios, against networkx and the published results."""

import sys
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from made_worlds import drive
from scipy import stats

from simnet import Feed
from simnet.errors import ScenarioError
from simnet.rules import contagion
from simnet.scenario.files.loading import load_scenario
from simnet.scenario.files.value_loading import load_value
from simnet.studies import Study, run_study

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).parent.parent / "scenarios"


def scenario(target, *sets):
    return load_scenario(str(FOLDER / target), sets).scenario


@pytest.fixture(name="study")
def _study():
    """Load studies of the shipped file; forget its modules afterwards."""
    yield lambda name: load_value(f"{FOLDER / 'known_results.py'}:{name}", Study, "study")
    for module in ("known_results", "bounded_confidence", "independent_cascades", "thresholds"):
        sys.modules.pop(module, None)


def percolated(chance, people, rng):
    """Count whom a rumour reaches in networkx: each tie is kept with the chance."""
    graph = nx.barabasi_albert_graph(people, 2, seed=int(rng.integers(2**31)))
    kept = nx.Graph(edge for edge in graph.edges if rng.random() < chance)
    first = int(rng.integers(people))
    return len(nx.node_connected_component(kept, first)) - 1 if first in kept else 0


def reached(chance, people, seeds):
    """Count whom a rumour reaches in the scenario, for each seed."""
    rumour = scenario("independent_cascades.py", f"chance={chance}", f"people={people}")
    played = [drive(replace(rumour, seed=seed), lambda prompt: "") for seed in seeds]
    return [sum(event.verb == "repost" for event in one.events) for one in played]


@pytest.mark.parametrize("chance", [0.1, 0.2])
def test_independent_cascades_are_distributed_as_bond_percolation_of_networkx(chance):
    rng = np.random.default_rng(1)
    ours = reached(chance, 300, range(200))
    theirs = [percolated(chance, 300, rng) for _ in range(600)]
    assert stats.ks_2samp(ours, theirs).pvalue > 0.01
    assert max(ours) > 10


def test_the_comparison_finds_a_chance_that_is_wrong():
    rng = np.random.default_rng(1)
    ours = reached(0.2, 300, range(200))
    theirs = [percolated(0.1, 300, rng) for _ in range(600)]
    assert stats.ks_2samp(ours, theirs).pvalue < 0.01


def test_a_chance_of_one_reaches_all_and_of_zero_nobody():
    assert reached(1.0, 60, [3]) == [59]
    assert reached(0.0, 60, [3]) == [0]
    with pytest.raises(ScenarioError, match=r"contagion\(1.5\)"):
        contagion(1.5)


@pytest.mark.parametrize("crowd", ["uniform", "one_changed", "narrow", "wide"])
def test_a_crowd_ends_where_its_thresholds_say(crowd):
    loaded = load_scenario(str(FOLDER / "thresholds.py"), (f"crowd={crowd}", "people=60"))
    module = sys.modules[loaded.modules[0].__name__]
    expected = module.joined_at_the_end(module.thresholds_of(crowd, 60))
    played = drive(loaded.scenario, lambda prompt: "")
    assert sum(event.verb == "repost" for event in played.events) == expected
    assert isinstance(loaded.scenario.cohorts[1].feed, Feed)


def test_one_changed_threshold_changes_everything_as_in_granovetter_1978():
    module = sys.modules[load_scenario(str(FOLDER / "thresholds.py")).modules[0].__name__]
    ends = {c: module.joined_at_the_end(module.thresholds_of(c, 100)) for c in
            ("uniform", "one_changed", "narrow", "wide")}  # fmt: skip
    assert ends == {"uniform": 100, "one_changed": 1, "narrow": 1, "wide": 100}


def test_the_studies_show_the_known_values_beside_ours(study, tmp_path):
    camps = replace(study("camps"), seeds=range(1))
    ran = run_study(camps, tmp_path / "camps", ray=False)
    for reference in camps.references:
        assert set(ran.results.values("camps", reference.arm).values()) == {reference.value}
    page = ran.report(figures=False).path.read_text(encoding="utf-8")
    assert "1/(2 epsilon), rounded down; Deffuant et al. 2000" in page


def test_the_known_sizes_of_cascades_are_those_of_networkx(study):
    known = {one.arm: one.value for one in study("cascades").references}
    rng = np.random.default_rng(7)
    for chance, draws in ((0.05, 200), (0.15, 200)):
        sizes = [percolated(chance, 1000, rng) for _ in range(draws)]
        error = np.std(sizes, ddof=1) / draws**0.5
        assert abs(np.mean(sizes) - known[f"chance {chance}"]) < 4 * error


def test_the_study_of_tap_water_pairs_its_arms(tmp_path):
    try:
        found = load_value(str(FOLDER / "tap_water_study.py"), Study, "study")
    finally:
        sys.modules.pop("tap_water_study", None)
        sys.modules.pop("tap_water", None)
    assert len(found.units) == 30
    assert {len(cell.scenario.handles()) for cell in found.cells} == {205}
