"""Fixed workloads, their samples in a file, and the comparison of two of these."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from simnet.benchmarking import measurement, workloads
from simnet.benchmarking.comparison import compare
from simnet.benchmarking.measurement import Measurement, Samples, read
from simnet.benchmarking.workloads import Figure
from simnet.cli.app import app
from simnet.errors import UsageError


def samples(*values, figure="turns per second", more_is_better=True):
    return Samples("engine", figure, "1/s", more_is_better, values)


def measured(*rows):
    return Measurement("2026-01-01T00:00:00+00:00", {"cores": 2}, {"simnet": "0.2"}, rows)


@pytest.fixture
def quick(monkeypatch):
    """Two workloads that play in no time, and how often each was played."""
    played = []

    def one():
        played.append("one")
        return {"turns per second": Figure(100.0 + len(played), "1/s", more_is_better=True)}

    def two():
        played.append("two")
        return {"import": Figure(0.5, "s", more_is_better=False)}

    monkeypatch.setattr(measurement, "WORKLOADS", {"one": one, "two": two})
    return played


def test_warm_ups_do_not_count_and_every_sample_is_kept(quick, tmp_path):
    out = tmp_path / "a.json"
    flags = ["bench", "run", "one", "--repeats", "3", "--warm-ups", "2", "--out", str(out)]
    done = CliRunner().invoke(app, flags)
    assert done.exit_code == 0, done.output
    assert quick == ["one"] * 5
    (row,) = read(out).samples
    assert (row.values, row.median, row.quartiles) == ((103, 104, 105), 104, (103.5, 104.5))
    told = json.loads(out.read_text())
    assert told["machine"]["cores"] >= 1
    assert "simnet" in told["versions"] or "simnet-llm" in told["versions"] or told["versions"]


def test_without_names_all_workloads_are_played(quick):
    told = CliRunner().invoke(app, ["bench", "run", "--repeats", "1", "--warm-ups", "0", "--json"])
    assert [one["workload"] for one in json.loads(told.stdout)["samples"]] == ["one", "two"]


def test_a_workload_that_is_not_there_is_named_before_any_is_played(quick):
    done = CliRunner().invoke(app, ["bench", "run", "one", "engin"])
    assert done.exit_code == 2
    assert "there is no workload 'engin'" in done.output
    assert quick == []


def verdict(before, after, **options):
    (one,) = compare(measured(samples(*before, **options)), measured(samples(*after, **options)))
    return one


def test_a_difference_beyond_the_noise_is_told_and_one_within_is_not():
    steady, noisy = (100, 101, 99, 100, 102), (100, 60, 140, 90, 120)
    twice = tuple(2 * value for value in steady)
    assert verdict(steady, twice).verdict == "better"
    assert verdict(steady, twice).ratio == 2
    assert verdict(twice, steady).verdict == "worse"
    assert verdict(steady, twice, more_is_better=False).verdict == "worse"
    assert verdict(noisy, (110, 70, 150, 95, 125)).verdict == "no difference shown"
    few = verdict((100, 101), (200, 201))
    assert (few.verdict, few.low) == ("too few samples", None)


def test_only_figures_of_both_are_compared(tmp_path):
    before = measured(samples(1, 2, 3), samples(1, 2, 3, figure="gone"))
    after = measured(samples(4, 5, 6), samples(1, 2, 3, figure="new"))
    assert [one.figure for one in compare(before, after)] == ["turns per second"]
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path, one in zip(paths, (before, after), strict=True):
        path.write_text(json.dumps(one.to_json()))
    assert read(paths[0]) == replace(before, samples=read(paths[0]).samples)
    shown = CliRunner().invoke(app, ["bench", "compare", *map(str, paths), "--json"])
    (row,) = json.loads(shown.stdout)["figures"]
    assert row["ratio"] == 2.5


@pytest.mark.parametrize("text", ["", "[]", '{"samples": [{"workload": "engine"}]}'])
def test_a_file_of_something_else_is_refused_with_its_name(text, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"other\.json was not written by"):
        read(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "missing.json")


def test_the_workloads_measure_what_they_say(monkeypatch):
    for name, value in {"PEOPLE": 20, "TURNS": 40, "ROWS": 200, "BATCH": 100, "START": 20}.items():
        monkeypatch.setattr(workloads, name, value)
    assert workloads.engine()["turns per second"].value > 0
    assert workloads.record()["rows per second"].value > 0
    assert workloads.replay()["events per second"].value > 0
    assert workloads.start()["import"].value > 0


@pytest.mark.slow
def test_replies_that_take_time_are_measured_with_and_without_early_calls():
    figures = workloads.latency()
    assert len(figures) == 8
    assert all(figure.value > 0 for figure in figures.values())
