"""What `simnet doctor` finds among the installed packages."""

import json
from importlib import metadata
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from simnet.cli.app import app


def doctor(*arguments):
    return CliRunner().invoke(app, ["doctor", *arguments])


@pytest.fixture(name="installed")
def _installed(monkeypatch):
    """Add distributions to those that doctor finds; None takes one away."""

    def add(name, version, summary="", command=None):
        real = metadata.distribution

        def distribution(wanted):
            if wanted != name:
                return real(wanted)
            if version is None:
                raise metadata.PackageNotFoundError(name)
            points = [metadata.EntryPoint("simnet", command, "console_scripts")] if command else []
            return SimpleNamespace(
                version=version, metadata={"Summary": summary}, entry_points=points
            )

        monkeypatch.setattr(metadata, "distribution", distribution)

    return add


def test_doctor_says_that_no_run_can_start_without_a_package_that_all_need(installed):
    installed("pyarrow", None)
    result = doctor()
    assert result.exit_code == 1
    assert "-> pip install pyarrow" in result.stdout
    assert "a run cannot start here" in result.stdout


@pytest.mark.parametrize(
    ("command", "whose"),
    [(None, "another project"), ("simnet.cli.app:main", "a former version of simnet-engine")],
)
def test_doctor_notices_a_distribution_that_is_imported_by_the_same_name(installed, command, whose):
    installed("simnet", "9.8", "Wraps the API of a game", command)
    told = json.loads(doctor("--json").stdout)
    (finding,) = [one for one in told["findings"] if one["what"] == "import name"]
    assert finding["state"] == "warning"
    assert finding["detail"].startswith('simnet 9.8 ("Wraps the API of a game")')
    assert whose in finding["detail"]
    assert "pip uninstall simnet" in finding["cure"]
