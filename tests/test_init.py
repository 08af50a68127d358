"""`simnet init` copies the shipped scenarios and overwrites nothing."""

import json

from docs_pages import ROOT
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.cli.scenarios import init as init_command

SHIPPED = {path.name: path.read_bytes() for path in (ROOT / "scenarios").glob("*.py")}


def simnet(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def in_folder(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_shipped_scenarios_are_copied_into_the_current_folder_and_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = simnet("init")
    assert result.exit_code == 0, result.output
    assert in_folder(tmp_path / "scenarios") == SHIPPED
    assert len(SHIPPED) == 16
    last = result.stdout.splitlines()[-1]
    assert last.endswith("simnet run scenarios/bike_lane.py --backend fake")
    assert simnet("validate", "scenarios/bike_lane.py").exit_code == 0


def test_the_shipped_scenarios_are_copied_into_a_named_folder(tmp_path):
    result = simnet("init", tmp_path / "my" / "study")
    assert result.exit_code == 0, result.output
    assert in_folder(tmp_path / "my" / "study" / "scenarios") == SHIPPED


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "bike_lane.py").write_text("mine = 1\n", encoding="utf-8")
    (folder / "tap_water.py").write_bytes(SHIPPED["tap_water.py"])
    elsewhere = tmp_path / "elsewhere.py"
    (folder / "million.py").symlink_to(elsewhere)
    told = json.loads(simnet("init", tmp_path, "--json").stdout)
    assert told["kept"] == [str(folder / "bike_lane.py"), str(folder / "million.py")]
    assert told["same"] == [str(folder / "tap_water.py")]
    assert len(told["written"]) == len(SHIPPED) - 3
    assert (folder / "bike_lane.py").read_text(encoding="utf-8") == "mine = 1\n"
    assert not elsewhere.exists()
    again = simnet("init", tmp_path)
    assert again.exit_code == 0
    assert "left unchanged" in again.stdout


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "scenarios").write_text("not a folder", encoding="utf-8")
    result = simnet("init", tmp_path)
    assert result.exit_code == 2
    assert str(tmp_path / "scenarios") in result.stderr
    assert "name another folder" in result.stderr


def test_an_installation_without_scenarios_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(init_command, "_PLACES", (tmp_path / "nowhere",))
    result = simnet("init", tmp_path)
    assert result.exit_code == 1
    assert "install it again" in result.stderr
    assert not (tmp_path / "scenarios").exists()
