"""What the benchmarks print where there is nothing to measure."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def engine(monkeypatch):
    pytest.importorskip("psutil")
    spec = importlib.util.spec_from_file_location("engine_benchmark", FOLDER / "engine.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


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
