"""Fixed workloads, their samples in a file, and the comparison of two of these."""

import asyncio
import json
import pickle
import sys
from collections import Counter
from dataclasses import replace
from importlib import metadata

import numpy as np
import psutil
import pytest
from stub_endpoint import StubEndpoint, reply
from typer.testing import CliRunner

from simnet.benchmarking import comparison, measurement, scale_workload, workloads
from simnet.benchmarking.comparison import compare
from simnet.benchmarking.measurement import Measurement, Samples, read
from simnet.benchmarking.model_workload import NEWS, ModelWorkload, best_hit_rate, finish
from simnet.benchmarking.played_society import Figure
from simnet.cli.app import app
from simnet.errors import RunError, UsageError
from simnet.inference.backends.choice import choose
from simnet.runs.options.options import ModelOptions


def test_a_chosen_model_can_be_given_to_a_process():
    backend = choose("vllm", "embedded")
    assert pickle.loads(pickle.dumps(backend)) == backend


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
    assert told["versions"]["numpy"] == metadata.version("numpy")
    assert told["versions"]["simnet-engine"] == metadata.version("simnet-engine")


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
    few = verdict((100, 101, 102, 103), (200, 201, 202, 203, 204))
    assert (few.verdict, few.low) == ("too few samples", None)


def test_measurements_of_the_same_thing_seldom_get_a_verdict(monkeypatch):
    monkeypatch.setattr(comparison, "DRAWS", 500)
    chance = np.random.default_rng(1)
    found = Counter(
        verdict(*np.exp(chance.normal(0, 0.1, (2, comparison.FEWEST)))).verdict for _ in range(300)
    )
    assert found["better"] + found["worse"] <= 15, found
    assert found.total() == found["better"] + found["worse"] + found["no difference shown"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("before", [(0, 0, 0), (0, 1, 1, 1), (0,), (float("nan"), 1, 1)])
def test_a_figure_that_was_zero_is_not_comparable(before, tmp_path):
    assert verdict((1, 2, 3), (0, 0, 0)).ratio == 0
    one = verdict(before, (1, 2, 3))
    assert (one.verdict, one.ratio, one.low) == ("not comparable", None, None)
    path = tmp_path / "a.json"
    path.write_text(json.dumps(measured(samples(*before)).to_json()))
    shown = CliRunner().invoke(app, ["bench", "compare", str(path), str(path)])
    assert shown.exit_code == 0
    assert "not comparable" in " ".join(shown.stdout.split())


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


def test_measurements_of_other_things_are_told_apart(tmp_path):
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    one = measured(samples(1, 2, 3))
    before.write_text(json.dumps(one.to_json()))
    other = replace(one, machine={"cores": 64}, versions={"simnet": "0.2", "vllm": "1"})
    after.write_text(json.dumps(other.to_json()))
    told = CliRunner().invoke(app, ["bench", "compare", str(before), str(after)]).stderr
    assert told.splitlines() == [
        "note: machine: cores was 2, then 64; ratios may be of that",
        "note: version of vllm was unknown, then 1; ratios may be of that",
    ]
    same = CliRunner().invoke(app, ["bench", "compare", str(before), str(before)])
    assert (same.exit_code, same.stderr) == (0, "")
    after.write_text(json.dumps(measured(samples(1, 2, 3, figure="other")).to_json()))
    none = CliRunner().invoke(app, ["bench", "compare", str(before), str(after)])
    assert none.exit_code == 2
    assert "have no figure in common" in none.stderr


def test_a_file_that_cannot_be_written_is_found_before_anything_is_measured(quick, tmp_path):
    for file in (tmp_path / "gone" / "a.json", tmp_path):
        done = CliRunner().invoke(app, ["bench", "run", "one", "--out", str(file)])
        assert (done.exit_code, quick) == (2, [])
        assert str(file) in done.stderr


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
    started = workloads.start()
    assert started["import"].value > 0
    assert {name for name in started if name.startswith("run: ")} >= {"run: sealing"}


def test_the_curve_over_sizes_is_measured_and_drawn(monkeypatch, tmp_path):
    monkeypatch.setattr(scale_workload, "SIZES", (10, 1000))
    monkeypatch.setattr(scale_workload, "TURNS", 30)
    picture = tmp_path / "curve.svg"
    flags = ["bench", "run", "scale", "--repeats", "2", "--warm-ups", "0", "--json"]
    done = CliRunner().invoke(app, [*flags, "--picture", str(picture)])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["samples"]
    assert [row["figure"] for row in rows] == [
        "10 people: turns per second", "1,000 people: turns per second",
    ]  # fmt: skip
    assert all(value > 0 for row in rows for value in row["values"])
    drawn = picture.read_text("utf-8")
    assert drawn.startswith("<svg")
    assert "1,000" in drawn
    refused = CliRunner().invoke(app, ["bench", "run", "scale", "--picture", "curve.png"])
    assert refused.exit_code == 2
    assert "pictures are SVG" in refused.output
    refused = CliRunner().invoke(app, ["bench", "run", "record", "--picture", str(picture)])
    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: --picture draws the workload scale: name it too")


def test_a_cache_that_forgets_nothing_holds_whole_blocks_that_were_seen():
    first, second = list(range(10)), [*range(8), 99, 100]
    assert best_hit_rate([first], 4) == 0
    assert best_hit_rate([first, second], 4) == 8 / 20
    assert best_hit_rate([first, first], 4) == 8 / 20  # the last token is always computed
    assert best_hit_rate([[7, *first], second], 4) == 0


def test_a_side_ends_with_its_process_though_another_holds_what_it_prints_to(tmp_path):
    note = tmp_path / "pid"
    code = (
        "import pathlib, subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(left.pid))"
    )
    finish([sys.executable, "-c", code], "it")
    left = psutil.Process(int(note.read_text()))
    assert left.is_running()
    left.kill()


def test_a_side_that_fails_or_takes_too_long_says_so_with_its_last_lines():
    with pytest.raises(RunError, match="it ended with 3: no weights"):
        finish([sys.executable, "-c", "print('no weights'); raise SystemExit(3)"], "it")
    with pytest.raises(RunError, match=r"it did not end within 0\.1 s"):
        finish([sys.executable, "-c", "import time; time.sleep(600)"], "it", 0.1)


@pytest.mark.slow
def test_calls_without_a_reply_are_not_measured():
    refused = (400, {}, '{"error": {"message": "not today"}}')

    async def play():
        passed = (200, {}, reply("pass"))
        async with StubEndpoint(lambda n, body: refused if n == 3 else passed) as stub:
            options = ModelOptions(model="tiny", backend="openai", base_url=stub.url)
            await asyncio.to_thread(ModelWorkload(options, calls=6))

    with pytest.raises(RunError, match=r"1 of 6 calls of the model alone have no reply.*not today"):
        asyncio.run(play())


@pytest.mark.slow
def test_a_society_on_a_model_is_measured_beside_the_model_alone():
    work = ModelWorkload(ModelOptions(backend="fake"), calls=6)
    figures = work()
    assert figures["requests per second"].value > 0
    assert {"reply, p50", "reply, p95"} <= figures.keys()
    assert "prefix-cache hit rate" not in figures
    assert len(work._work.prompts) == 6
    assert all(text in work._work.prompts[0].user for text in NEWS)


@pytest.mark.slow
def test_what_is_written_of_a_model_says_which_it_was(tmp_path):
    out = tmp_path / "a.json"
    flags = ["--backend", "fake", "--calls", "6", "--repeats", "1", "--warm-ups", "0"]
    done = CliRunner().invoke(app, ["bench", "run", "model", *flags, "--out", str(out)])
    assert done.exit_code == 0, done.output
    facts = {"calls": 6, "name": "fake", "backend": "fake", "replicas": 1}
    assert json.loads(out.read_text())["model"] == facts
    before, after = read(out), replace(read(out), model=facts | {"name": "tiny", "checksum": "ab"})
    assert before.differences(after) == [
        "model: name was fake, then tiny",
        "model: checksum was unknown, then ab",
    ]
    assert before.differences(replace(before, model={})) == []


@pytest.mark.slow
def test_replies_that_take_time_are_measured_with_and_without_early_calls():
    figures = workloads.latency()
    assert len(figures) == 8
    assert all(figure.value > 0 for figure in figures.values())
