"""Environments of the rivals: each has its own, made by pip, outside the clone.

Run it to make them, before a comparison; `--rivals` names some, `--environments` another folder.
"""

import argparse
import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

DEFAULT_FOLDER = Path("~/.cache/simnet-rivals")
DONE = "rival.json"
"""Written last into an environment: what was installed."""


class Rival(NamedTuple):
    """One package that is compared, and how its environment is made."""

    name: str
    """Also the name of its driver: `NAME_driver.py`."""
    distribution: str
    version: str
    megabytes: int
    """What it takes on the disk besides the packages that it shares with simnet."""
    rounds: int
    """How many rounds are measured where nothing else is asked for: a few seconds of work."""
    model: str
    """What answers in place of a model."""
    note: str
    """What must be known to read its figures."""
    with_dependencies: bool = True
    """Whether pip installs what the package asks for, or only `extra`."""
    extra: tuple[str, ...] = ()
    """What pip is asked for besides, in a command of its own."""
    python: tuple[int, int] | None = None
    """The only minor version of Python that it runs on; None: any that simnet runs on."""

    @property
    def pin(self) -> str:
        """The package and its version, as pip is asked for them."""
        return f"{self.distribution}=={self.version}"


RIVALS = (
    Rival(
        name="oasis",
        distribution="camel-oasis",
        version="0.2.5",
        megabytes=100,
        rounds=3,
        model="camel's stub model, made to call tools, in the process",
        note="a social network with feed, actions and SQLite, as simnet's",
        # Its 15 exact pins name much that no simulation imports.
        with_dependencies=False,
        extra=(
            "camel-ai==0.2.78",
            "mcp<2",  # camel-ai 0.2.78 allows the second, with which it cannot be imported
            "igraph==0.11.6",
            "neo4j==5.23.0",
            "pandas==2.2.2",
            "scikit-learn",
            "sentence-transformers",
            "requests_oauthlib==2.0.0",
        ),
        python=(3, 11),
    ),
    Rival(
        name="agentsociety",
        distribution="agentsociety2",
        version="2.9.3",
        megabytes=400,
        rounds=3,
        model="a server on this machine that answers at once; its CPU time is taken off",
        note="through Ray; a turn remembers and does not act, which would cost more calls",
        # The shared one needs a newer protobuf than this wants; its import ends an agent of Ray.
        extra=("googleapis-common-protos==1.70.0",),
    ),
    Rival(
        name="concordia",
        distribution="gdm-concordia",
        version="2.1.0",
        megabytes=100,
        rounds=3,
        model="a subclass of its model class, in the process",
        note="a game master and free text; the board of posts is the driver's",
        with_dependencies=False,  # most of them are clients of model services
        extra=(
            *("absl-py", "ipython", "jinja2", "matplotlib", "numpy", "pandas", "python-dateutil"),
            *("reactivex", "termcolor", "typing-extensions"),
        ),
    ),
    Rival(
        name="mesa_llm",
        distribution="mesa-llm",
        version="0.2.0",
        megabytes=300,
        rounds=10,
        model="litellm's two functions in mesa-llm's module, replaced, in the process",
        note="reasons and then calls a tool; keeps memories, no record; the board is the driver's",
    ),
    Rival(
        name="syndisco",
        distribution="syndisco",
        version="1.0.2",
        megabytes=10,
        rounds=300,
        model="a subclass of its model class, in the process",
        note="one discussion, one call at a time: no feed, no network, no verb but speaking",
        with_dependencies=False,  # accelerate and bitsandbytes load weights, which no stub has
        extra=("coloredlogs", "pandas", "torch", "transformers"),
    ),
    Rival(
        name="distilabel",
        distribution="distilabel",
        version="1.5.3",
        megabytes=10,
        rounds=30,
        model="a subclass of its model class, in the process of its step",
        note="rows in and rows out, no society; its processes start in what is measured",
    ),
)
MEASURING = "psutil"
"""Every driver measures the CPU time of its processes with it."""


def named(name: str) -> Rival:
    """Return a rival by name.

    Raises ArgumentTypeError if none is called so.
    """
    for one in RIVALS:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in RIVALS)
    raise argparse.ArgumentTypeError(f"no rival is called {name}; there are {known}")


def python_of(rival: Rival, folder: Path) -> Path:
    """Return the Python of a rival's environment, made or not."""
    return folder.expanduser() / rival.name / "bin" / "python"


def missing(rival: Rival, folder: Path) -> str | None:
    """Say in one line why the environment of a rival cannot be used; None if it can."""
    made = folder.expanduser() / rival.name / DONE
    command = f"python benchmarks/rivals/environments.py --rivals {rival.name}"
    if folder != DEFAULT_FOLDER:
        command += f" --environments {folder}"
    if not made.is_file():
        return f"{rival.pin} is not installed in {made.parent}; install it with: {command}"
    pin = json.loads(made.read_text(encoding="utf-8"))["pin"]
    if pin != rival.pin:
        return f"{made.parent} has {pin}, not {rival.pin}; install it with: {command}"
    return None


def commands(rival: Rival, python: Path) -> list[list[str]]:
    """Return the commands of pip that fill an environment."""
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-compile"]
    package = [*install, *([] if rival.with_dependencies else ["--no-deps"]), rival.pin]
    return [package, [*install, *rival.extra, MEASURING]]


def shared_folders(python: Path) -> list[str]:
    """Return the folders of packages of another Python.

    Raises CalledProcessError if that is no Python.
    """
    code = "import json, site; print(json.dumps(site.getsitepackages()))"
    command = [python, "-c", code]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return list(json.loads(answer.stdout))


def make(rival: Rival, folder: Path, shared: Path | None) -> None:
    """Make the environment of a rival anew.

    The packages of the Python `shared` are used where their versions fit, so that large ones such
    as torch are not installed again. Raises RuntimeError for the wrong version of Python,
    CalledProcessError if pip fails.
    """
    home = folder.expanduser() / rival.name
    print(f"{rival.pin}: about {rival.megabytes:,} MB in {home}", flush=True)
    if rival.python and rival.python != sys.version_info[:2]:
        wanted = ".".join(map(str, rival.python))
        raise RuntimeError(f"{rival.pin} needs Python {wanted}; run this file with it")
    shutil.rmtree(home, ignore_errors=True)
    venv.create(home, with_pip=False, symlinks=True)
    python = python_of(rival, folder)
    if shared is not None:
        (packages,) = home.glob("lib/python*/site-packages")
        lines = "\n".join(shared_folders(shared))
        (packages / "shared_packages.pth").write_text(lines, encoding="utf-8")
    for command in commands(rival, python):
        subprocess.run(command, check=True)  # noqa: S603
    facts = {"pin": rival.pin, "shared": shared and str(shared)}
    (home / DONE).write_text(json.dumps(facts), encoding="utf-8")


def make_all(rivals: Sequence[Rival], folder: Path, shared: Path | None) -> list[str]:
    """Make environments anew; return a line for each that could not be made."""
    failed = []
    for rival in rivals:
        try:
            make(rival, folder, shared)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as problem:
            failed.append(f"{rival.name}: {problem}")
    return failed


def add_options(options: argparse.ArgumentParser) -> None:
    """Add the options that say which rivals are meant and how their environments are made."""
    options.add_argument("--rivals", nargs="+", type=named, default=list(RIVALS), metavar="NAME")
    options.add_argument("--environments", type=Path, default=DEFAULT_FOLDER, help="where they are")
    sharing = options.add_mutually_exclusive_group()
    sharing.add_argument(
        "--share-packages-of",
        type=Path,
        default=Path(sys.executable),
        metavar="PYTHON",
        help="use what this Python of the same version has, torch for one; by default simnet's",
    )
    sharing.add_argument(
        "--share-nothing", action="store_const", dest="share_packages_of", const=None
    )


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_options(options)
    arguments = options.parse_args()
    if failed := make_all(arguments.rivals, arguments.environments, arguments.share_packages_of):
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
