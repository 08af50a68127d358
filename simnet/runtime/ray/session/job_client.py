"""A client of Ray Jobs, with which a machine that is no node of a cluster starts runs there."""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from simnet.errors import RunError, UsageError
from simnet.recording.files.manifest import MANIFEST

ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})
"""States in which a job does no more."""
EXCLUDED = frozenset(
    {".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
"""Folders that are not sent along; records of runs are not either."""
_TALKATIVE = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)
"""Loggers of Ray that tell of every upload."""
_GONE_SECONDS = 60.0
"""Wall seconds in which the actor of a job that has ended is gone."""
_EVERY = 1.0
_REFUSED = "status code 400"
_PACKAGE = Path(__file__).parents[3]
_CACHES = shutil.ignore_patterns("__pycache__")


class JobInfo(NamedTuple):
    """A job as the cluster knows it."""

    job_id: str
    state: str
    """`PENDING`, `RUNNING`, `STOPPED`, `SUCCEEDED` or `FAILED`."""
    message: str
    """What the cluster says about the state."""
    entrypoint: str


class JobClient:
    """Submits, follows and stops jobs of a cluster over HTTP.

    `address` is that of the dashboard of the cluster's head, such as `http://HEAD:8265`. The token
    of the cluster is taken from `RAY_AUTH_TOKEN`, or from where `RAY_AUTH_TOKEN_PATH` says, or
    from `~/.ray/auth_token`, if there is one. Raises UsageError for an address that is none,
    RunError if nothing answers or the token is wrong.
    """

    def __init__(self, address: str) -> None:
        if not address.startswith(("http://", "https://")):
            raise UsageError(
                f"{address!r} is not the address of a cluster's dashboard; write http://HEAD:8265"
            )
        from ray.job_submission import JobSubmissionClient  # noqa: PLC0415 - slow

        self.address = address
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        with self._errors():
            self._client = JobSubmissionClient(address, headers=_headers())

    def submit(self, job_id: str, command: str, folder: Path, drain: int) -> None:
        """Start a command as a job, in a copy of `folder` and with this simnet.

        A job of this id that has ended makes way. It has `drain` wall seconds to end when it is
        stopped. Raises UsageError if a job of this id has not ended.
        """
        found = self.find(job_id)
        if found is not None and found.state not in ENDED:
            raise UsageError(
                f"job {job_id} is {found.state.lower()} already; follow it with: simnet jobs logs "
                f"{job_id} --address {self.address}"
            )
        with tempfile.TemporaryDirectory() as staged, self._errors():
            _stage(folder, Path(staged))
            if found is not None:
                self._client.delete_job(job_id)
            environment = {
                "working_dir": staged,
                "env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(drain)},
            }
            self._start(job_id, command, environment, again=found is not None)

    def _start(
        self, job_id: str, command: str, environment: dict[str, Any], *, again: bool
    ) -> None:
        """Submit a job; the actor of an earlier one of this id takes a while to be gone."""
        deadline = time.monotonic() + (_GONE_SECONDS if again else 0.0)
        while True:
            try:
                self._client.submit_job(
                    entrypoint=command, submission_id=job_id, runtime_env=environment
                )
            except RuntimeError as error:
                if _REFUSED not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(_EVERY)
            else:
                return

    def find(self, job_id: str) -> JobInfo | None:
        """Return a job; None if the cluster knows none of this id."""
        return next((one for one in self.jobs() if one.job_id == job_id), None)

    def jobs(self) -> Sequence[JobInfo]:
        """Return all jobs that were submitted, the oldest first."""
        with self._errors():
            listed = self._client.list_jobs()
        submitted = [one for one in listed if one.submission_id]
        return [
            JobInfo(one.submission_id, str(one.status.value), one.message or "", one.entrypoint)
            for one in sorted(submitted, key=lambda one: one.start_time or 0)
        ]

    def named(self, job_id: str) -> JobInfo:
        """Return a job. Raises UsageError if the cluster knows none of this id."""
        found = self.find(job_id)
        if found is None:
            raise UsageError(f"the cluster at {self.address} knows no job {job_id!r}")
        return found

    def stop(self, job_id: str) -> None:
        """Send SIGTERM to a job, so that its run ends in good order."""
        self.named(job_id)
        with self._errors():
            self._client.stop_job(job_id)

    def logs(self, job_id: str) -> str:
        """Return what a job has printed so far."""
        self.named(job_id)
        with self._errors():
            return str(self._client.get_job_logs(job_id))

    async def follow(self, job_id: str) -> AsyncIterator[str]:
        """Yield what a job prints, from its beginning, until it ends."""
        self.named(job_id)
        with self._errors():
            async for text in self._client.tail_job_logs(job_id):
                yield text

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what Ray raises into one sentence."""
        try:
            yield
        except Exception as error:  # Ray's client raises RuntimeError, and errors of requests
            raise RunError(f"the cluster at {self.address}: {_advice(error)}") from error


def _stage(folder: Path, staged: Path) -> None:
    """Copy a scenario's folder and, unless that has one, this simnet to a new folder."""
    shutil.copytree(folder, staged, ignore=_ignored, dirs_exist_ok=True)
    if not (staged / _PACKAGE.name).exists():
        shutil.copytree(_PACKAGE, staged / _PACKAGE.name, ignore=_CACHES)


def _ignored(folder: str, names: list[str]) -> set[str]:
    """Name what is not sent: caches, environments, and runs with their records."""
    found = {name for name in names if name in EXCLUDED or name.endswith(".pyc")}
    return found | {name for name in names if (Path(folder) / name / MANIFEST).exists()}


def _headers() -> dict[str, str]:
    """Return what shows the token of a cluster, if this machine has one."""
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    file = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token").expanduser()
    if not token:
        with suppress(OSError):
            token = file.read_text(encoding="utf-8").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _advice(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else ""
    if text.endswith("Traceback (most recent call last):"):  # one of the cluster's own
        text = next(line for line in reversed(lines) if len(line) > 1)
    kind: Any = type(error).__name__
    if "nauthorized" in text or "orbidden" in text or "uthentication" in text:
        return (
            "it asks for a token and this machine has none, or a wrong one; copy the cluster's to "
            "~/.ray/auth_token, or set RAY_AUTH_TOKEN"
        )
    if "onnect" in text or "onnect" in kind:
        return (
            "nothing answers there; it is the dashboard of the head that listens, on port 8265 "
            "unless told otherwise, and only if it was started with --include-dashboard true"
        )
    if "No available agent" in text:
        return "its agent for jobs has not started yet, or could not; try again in a while"
    return text or kind
