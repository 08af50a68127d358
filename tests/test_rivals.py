"""What the comparison with other simulators prints, and what it says where one is missing."""

import importlib.util
import json
import sys
from argparse import Namespace
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks" / "rivals"
pytest.importorskip("psutil")


@pytest.fixture(name="load")
def _load(monkeypatch):
    """Load a file of the comparison as its own process does, which finds its neighbours."""
    monkeypatch.syspath_prepend(FOLDER.parent)
    monkeypatch.syspath_prepend(FOLDER)

    def load(name):
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return module

    yield load
    for path in [*FOLDER.glob("*.py"), *FOLDER.parent.glob("*.py")]:
        sys.modules.pop(path.stem, None)


@pytest.fixture
def compare(load):
    return load("compare")


@pytest.fixture
def environments(compare):
    return compare.environments


def driver(compare, code, missing=None):
    return compare.System("made", "1.0", (sys.executable, "-c", code), missing)


FIGURES = {
    "turns": 10,
    "calls": 20,
    "characters_per_call": None,
    "seconds": 2.0,
    "cpu_s": 0.5,
    "recorded": 10,
    "bytes": 40,
}
WRITES = f"import sys; open(sys.argv[-1], 'w').write({json.dumps(FIGURES)!r})"


def test_a_rival_that_is_not_installed_is_in_the_table_with_the_command_that_installs_it(
    compare, environments, tmp_path, capsys
):
    arguments = Namespace(
        people=3,
        seen=10,
        rounds=None,
        simnet_turns=9,
        simnet=[],
        rivals=[environments.named("oasis")],
        environments=tmp_path,
    )
    (system,) = compare.systems(arguments)
    compare.report([compare.summary(system, [compare.measure(system, 5)])], {})
    printed = capsys.readouterr().out
    assert "camel-oasis 0.2.5" in printed
    assert "not measured, see below" in printed
    command = "python benchmarks/rivals/environments.py --rivals oasis --environments"
    assert command in printed
    (run,) = json.loads(printed.splitlines()[-1])["runs"]
    assert run["turns"] is None
    assert run["problem"].startswith("camel-oasis==0.2.5 is not installed in")


def test_an_environment_with_another_version_is_missing(environments, tmp_path):
    rival = environments.named("syndisco")
    home = tmp_path / "syndisco"
    home.mkdir()
    assert "is not installed" in environments.missing(rival, tmp_path)
    written = home / environments.DONE
    written.write_text(json.dumps({"pin": "syndisco==0.9"}), encoding="utf-8")
    assert "has syndisco==0.9, not syndisco==1.0.2" in environments.missing(rival, tmp_path)
    written.write_text(json.dumps({"pin": rival.pin}), encoding="utf-8")
    assert environments.missing(rival, tmp_path) is None


def test_every_rival_has_a_driver_and_a_pin(environments):
    for rival in environments.RIVALS:
        assert (FOLDER / f"{rival.name}_driver.py").is_file()
        package, extra = environments.commands(rival, Path("python"))
        assert rival.pin in package
        assert environments.MEASURING in extra


def test_an_unknown_rival_is_refused_with_the_names_there_are(compare, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["compare.py", "--rivals", "oasys"])
    with pytest.raises(SystemExit) as ended:
        compare.main()
    assert ended.value.code == 2
    assert "no rival is called oasys; there are oasis, agentsociety" in capsys.readouterr().err


def test_figures_of_a_driver_are_read_and_a_failure_is_a_line(compare):
    assert compare.measure(driver(compare, WRITES), 60) == FIGURES
    failed = compare.measure(driver(compare, "raise ValueError('no such post')"), 60)
    assert failed == "failed: ValueError: no such post"
    assert "failed" in compare.measure(driver(compare, "print('nothing written')"), 60)
    assert compare.measure(driver(compare, WRITES, "not here"), 60) == "not here"


def test_a_driver_that_does_not_end_is_ended(compare):
    code = "import signal; signal.pause()"
    assert compare.measure(driver(compare, code), 0.2) == "did not end within 0.2 s"


def test_medians_and_ratios(compare):
    system = driver(compare, "")
    runs = [FIGURES | {"seconds": seconds} for seconds in (4.0, 1.0, 2.0)]
    slow = compare.summary(system, runs)
    assert (slow.turns_per_s, slow.cpu_ms) == (5.0, 50.0)
    assert slow.characters_per_call is None
    quick = compare.summary(system._replace(name="simnet"), [FIGURES | {"seconds": 0.01}])
    assert compare.ratios([quick, slow], "simnet") == {"made": {"speed": 200.0, "cpu": 1.0}}
    assert compare.ratios([quick, slow], "simnet, Ray")["made"] == {"speed": None, "cpu": None}
    assert compare.summary(system, [FIGURES, "failed: once"]).problem == "failed: once"
    unmeasured = compare.summary(system, [FIGURES | {"cpu_s": 0.0}])
    assert unmeasured.cpu_ms is None


def test_a_society_that_left_no_trace_is_an_error(load, tmp_path):
    society = load("society")
    meter, size = society.Meter(), society.Size(2, 3, 10)
    assert (size.turns, size.authors) == (6, 2)
    with meter.measured():
        meter.call("four")
    with pytest.raises(SystemExit, match="left no trace"):
        society.report(tmp_path / "out", size, meter, recorded=0)
    society.report(tmp_path / "out", size, meter, recorded=6)
    figures = json.loads((tmp_path / "out").read_text(encoding="utf-8"))
    assert (figures["turns"], figures["calls"], figures["characters_per_call"]) == (6, 1, 4.0)
    assert [society.action(number) for number in range(6)] == [*society.ACTIONS, "write"]


def test_the_server_on_this_machine_answers_with_the_tool_that_ends_a_turn(load):
    load("society")
    loopback = load("loopback")
    tool = {"type": "function", "function": {"name": "finish"}}
    choice = loopback.answer({"tools": [tool]})["choices"][0]
    call = choice["message"]["tool_calls"][0]["function"]
    assert call["name"] == "finish"
    assert json.loads(call["arguments"])["memories"]
    assert loopback.answer({})["choices"][0]["message"]["content"]
    code = loopback.answer({"model": loopback.CODER})["choices"][0]["message"]["content"]
    compile(code.removeprefix("```python\n").removesuffix("```"), "code", "exec")


@pytest.mark.slow
def test_simnets_own_driver_and_that_of_distilabel_are_measured(compare):
    pytest.importorskip("distilabel")
    size = ("--people", "5", "--rounds", "2")
    for name, options in (("simnet", ("--way", "process")), ("distilabel", ())):
        command = (sys.executable, str(FOLDER / f"{name}_driver.py"), *size, *options)
        figures = compare.measure(compare.System(name, "", command), 300)
        assert not isinstance(figures, str), figures
        assert figures["turns"] == figures["calls"] == 10
        assert figures["recorded"] >= 10
