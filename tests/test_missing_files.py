"""Files that a command line names and that are not there."""

import pytest
from typer.testing import CliRunner

from simnet.cli.app import app

COMMANDS = [
    "annotate gone --question 'Is it rude?' --text t --out made",
    "annotate gone --by gone.json --text t --out made",
    "bench compare gone gone",
    "calibrate gone.py --data gone.csv",
    "personas expand gone.txt --out made",
    "personas import gone.jsonl",
    "review new one --file gone.jsonl --rating q",
    "run gone.py",
    "synthesize math gone.jsonl --out made",
    "synthesize math people.jsonl --examples gone --out made",
    "validate gone.py",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_there_has_the_exit_code_of_a_wrong_command_line(
    command, tmp_path, monkeypatch
):
    (tmp_path / "people.jsonl").write_text('{"id": "ann", "description": "Sails."}\n')
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2, result.output
    assert "gone" in result.output
