"""A client of Ray Jobs, with which a machine that is no node of a cluster starts runs there."""

import logging
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from simnet.errors import RunError, SimnetError, UsageError
from simnet.runtime.ray.session.sent_folder import stage, too_large

ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})
"""States in which a job does no more."""
_TALKATIVE = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)
"""Loggers of Ray that tell of every upload, and of what is large."""
_AGAIN = "--"
_NUMBERED = re.compile(rf"{_AGAIN}\d+$")
"""What follows the id of a run in the ids of its later jobs."""
_FIRST_FOR_RAY = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")
"""Variables that Ray's client takes before the address that it is given."""


class JobInfo(NamedTuple):
    """A job as the cluster knows it."""

    job_id: str
    state: str
    """`PENDING`, `RUNNING`, `STOPPED`, `SUCCEEDED` or `FAILED`."""
    message: str
    """What the cluster says about the state."""
    entrypoint: str


class SentJob(NamedTuple):
    """A job that was submitted."""

    job_id: str
    left_out: Sequence[str]
    """What lies beside the scenario and was not sent, because an ignore file names it."""


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
            logging.getLogger(name).setLevel(logging.ERROR)
        headers = _headers()
        with self._errors(), _hidden_variables(_FIRST_FOR_RAY):
            self._client = JobSubmissionClient(address, headers=headers)

    def submit(self, run_id: str, command: str, folder: Path, drain: int) -> SentJob:
        """Start the command of a run as a job, in a copy of `folder`; return its id among others.

        This simnet is sent along. The id is that of the run; for a run that goes on, a number
        follows, because Ray takes an id again only some time after its job has ended. The job has
        `drain` wall seconds to end when it is stopped. Raises UsageError if a job of this run has
        not ended, or if the folder cannot be sent.
        """
        if _NUMBERED.search(run_id):
            run = _NUMBERED.sub("", run_id)
            raise UsageError(f"{run_id} is the id of a job of the run {run}; give --run-id {run}")
        before = self._of_run(run_id)
        if before and before[-1].state not in ENDED:
            raise UsageError(
                f"job {before[-1].job_id} is {before[-1].state.lower()} already; follow it with: "
                f"simnet jobs logs {run_id} --address {self.address}"
            )
        job_id = f"{run_id}{_AGAIN}{len(before) + 1}" if before else run_id
        with tempfile.TemporaryDirectory() as staged, self._errors():
            left_out = stage(folder, Path(staged))
            environment = {
                "working_dir": staged,
                "env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": str(drain)},
            }
            try:
                self._client.submit_job(
                    entrypoint=command, submission_id=job_id, runtime_env=environment
                )
            except RuntimeError as error:
                if "status code 413" in str(error):
                    raise UsageError(too_large(Path(staged))) from error
                raise
        return SentJob(job_id, left_out)

    def _of_run(self, run_id: str) -> list[JobInfo]:
        """Return the jobs of a run, the newest last."""
        return [
            one
            for one in self.jobs()
            if one.job_id == run_id or _NUMBERED.sub("", one.job_id) == run_id
        ]

    def jobs(self) -> Sequence[JobInfo]:
        """Return all jobs that were submitted, the oldest first."""
        with self._errors():
            listed = self._client.list_jobs()
        submitted = [one for one in listed if one.submission_id]
        return [
            JobInfo(one.submission_id, str(one.status.value), one.message or "", one.entrypoint)
            for one in sorted(submitted, key=lambda one: one.start_time or 0)
        ]

    def named(self, name: str) -> JobInfo:
        """Return a job by its id, or the newest of a run. Raises UsageError if there is none."""
        found = self._of_run(name)
        if not found:
            raise UsageError(f"the cluster at {self.address} knows no job {name!r}")
        return found[-1]

    def stop(self, name: str) -> str:
        """Send SIGTERM to a job, so that its run ends in good order; return the job's id."""
        job = self.named(name).job_id
        with self._errors():
            self._client.stop_job(job)
        return job

    def logs(self, name: str) -> str:
        """Return what a job has printed so far."""
        job = self.named(name).job_id
        with self._errors():
            return str(self._client.get_job_logs(job))

    async def follow(self, name: str) -> AsyncIterator[str]:
        """Yield what a job prints, from its beginning, until it ends."""
        job = self.named(name).job_id
        with self._errors():
            async for text in self._client.tail_job_logs(job):
                yield text

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what Ray raises into one sentence."""
        try:
            yield
        except SimnetError:
            raise
        except Exception as error:  # Ray's client raises RuntimeError, and errors of requests
            raise RunError(f"the cluster at {self.address}: {_advice(error)}") from error


def _headers() -> dict[str, str]:
    """Return what shows the token of a cluster, if this machine has one. Raises UsageError."""
    token = os.environ.get("RAY_AUTH_TOKEN", "")
    file = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token").expanduser()
    if not token:
        with suppress(OSError):
            token = file.read_text(encoding="utf-8")
    token = token.strip()
    if not (token.isascii() and token.isprintable()):  # else the error would show it
        raise UsageError(
            "the cluster's token, from RAY_AUTH_TOKEN or a file, has a line break or a character "
            "that no token has; copy it again from the cluster"
        )
    return {"Authorization": f"Bearer {token}"} if token else {}


@contextmanager
def _hidden_variables(names: Sequence[str]) -> Iterator[None]:
    """Unset environment variables for a while."""
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(before)


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
