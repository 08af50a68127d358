"""What the benchmarks print where there is nothing to measure."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(name="load")
def _load(monkeypatch):
    """Load a benchmark as its own process does, which finds its neighbours."""
    monkeypatch.syspath_prepend(FOLDER)

    def load(name):
        spec = importlib.util.spec_from_file_location(f"{name}_benchmark", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    yield load
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)


@pytest.fixture
def engine(load):
    pytest.importorskip("psutil")
    return load("engine")


def figures(engine, what, people, cpu_us):
    return engine.Figures(
        what=what,
        people=people,
        actors=1,
        turns=10,
        seconds=1.0,
        turns_per_s=10.0,
        last_tenth=None,
        turns_per_list={"views": 5.0},
        cpu_us=cpu_us,
        bytes_per_persona=1.0,
    )


def test_cpu_time_is_measured_between_two_samples_that_differ(engine):
    monitor = engine.Monitor()
    assert monitor.cpu() is None
    monitor.samples = [(0, {"agents": 1.0})]
    assert monitor.cpu() is None
    monitor.samples.append((0, {"agents": 1.0}))
    assert monitor.cpu() is None
    monitor.samples.append((2, {"agents": 3.0}))
    assert monitor.cpu() == {"agents": 1e6}
    monitor.samples = [(0, {"agents": 1.0, "record": 2.0}), (2, {"agents": 3.0, "record": 2.0})]
    assert monitor.cpu() == {"agents": 1e6, "record": None}, (
        "a clock that did not tick says nothing"
    )


def test_a_size_of_0_is_left_out_and_unmeasured_cpu_time_is_not_printed(
    engine, monkeypatch, capsys
):
    ran = []

    def packed(what, people, turns, **options):
        ran.append((what, people))
        return figures(engine, what, people, None)

    monkeypatch.setattr(engine, "packed", packed)
    monkeypatch.setattr(engine, "kernel", lambda people, turns: 1.0)
    monkeypatch.setattr(engine, "latency", lambda: 1.0)
    arguments = ["engine.py", "--sizes", "0", "100", "--delayed", "0", "--literal", "0"]
    monkeypatch.setattr(sys, "argv", arguments)
    engine.main()
    printed = capsys.readouterr().out
    assert ran == [("packed", 100)]
    assert "CPU us/turn, packed 100: not measured, the run was too short" in printed
    assert '"cpu_us": null' in printed


def test_what_was_not_measured_is_a_dash_and_never_0(engine, capsys):
    parts = {"agents": 12.0, "record": None}
    short = figures(engine, "packed", 100, parts)
    short = short._replace(turns_per_s=None, turns_per_list={"views": None}, bytes_per_persona=None)
    engine.report([short], 1.0, {})
    printed = capsys.readouterr().out
    assert "CPU us/turn, packed 100: 12 agents + - record" in printed
    (row,) = (line for line in printed.splitlines() if "│" in line)
    assert [cell.strip() for cell in row.split("│")[1:-1]] == [
        *("packed", "100", "1", "-", "-", "-", "12", "-"),
    ]


ODD = [
    ("engine", "--turns 0", "0 is too small; give 1 or more"),
    ("engine", "--literal -1", "-1 is too small; give 0 or more"),
    ("engine", "--sizes 100 -5", "-5 is too small; give 0 or more"),
    ("no_barrier", "--slots 0", "0 is too small; give 1 or more"),
    ("no_barrier", "--people 0", "0 is too small; give 1 or more"),
    ("no_barrier", "--repeats 0", "0 is too small; give 1 or more"),
    ("prefetch", "--sizes 0", "0 is too small; give 1 or more"),
    ("readers", "--replies 0", "0 is too small; give 1 or more"),
    ("readers", "--rounds 0", "0 is too small; give 1 or more"),
    ("recorder", "--rows 0", "0 is too small; give 1 or more"),
    ("recorder", "--per-commit 0", "0 is too small; give 1 or more"),
    ("recorder", "--load 0", "0 is too small; give 1 or more"),
    ("reply_formats", "--views 0", "0 is too small; give 1 or more"),
    ("reply_formats", "--least 11", "invalid choice: 11"),
    ("resume", "--calls 0", "0 is too small; give 1 or more"),
    ("soak", "--rows 10000", "10000 is too small; give 200000 or more"),
    ("soak", "--slower 0.5", "0.5: give a number from 1"),
    ("estimate_coverage", "--seeds 0", "0 is too small; give 1 or more"),
    ("estimate_coverage", "--shares 2", "2: give a number from"),
    ("catalogue", "--rows 10", "10 is too small; give 1000 or more"),
]


@pytest.mark.parametrize(("name", "words", "message"), ODD, ids=[" ".join(one[:2]) for one in ODD])
def test_a_size_that_cannot_be_measured_is_refused_before_anything_is(
    load, monkeypatch, capsys, name, words, message
):
    if name == "engine":
        pytest.importorskip("psutil")
    benchmark = load(name)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *words.split()])
    with pytest.raises(SystemExit) as ended:
        benchmark.main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_figures_that_are_not_known_are_none(load):
    arguments = load("arguments")
    assert arguments.rate(5, 0.0) is None
    assert arguments.rate(5, 2.0) == 2.5
    assert arguments.ratio(1, 0) is arguments.ratio(None, 1) is None
    assert arguments.percentile([1.0], 99) is arguments.percentile([1.0] * 99, 99) is None
    assert arguments.percentile([1.0] * 100, 99) == 1.0
    assert (arguments.shown(None, ".1f"), arguments.shown(0.25, ".1f")) == ("-", "0.2")


def test_the_health_of_no_text_is_unknown(load):
    health = load("discussion_health")
    assert health.distinct([]) is None
    assert health.distinct(["a b a b"]) == 2 / 3
    assert health._share(0, 0) == "-"
