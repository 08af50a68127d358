"""The whole engine under faults, in one process and in virtual time; see tests/simulation."""

import pytest
from simulation.harness import digest, simulate, undisturbed

SEEDS = 200
STEP = 20


def test_the_simulated_scenario_is_worth_it():
    tables = undisturbed()
    assert tables["events"].num_rows > 15
    calls = tables["calls"]["call"].to_pylist()
    assert max(calls) > 0, "some turns take several calls"
    assert len(digest()) == 32


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, STEP))
def test_tables_are_those_of_an_undisturbed_run_whatever_happens(first):
    for seed in range(first, first + STEP):
        simulate(seed)
