"""What `simnet replay` and `simnet verify` do."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from simnet.cli.records import open_run
from simnet.errors import RecordError, UsageError
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.checking.verify import Check, verify
from simnet.recording.files.lock import check_unlocked
from simnet.recording.reading.run import Run
from simnet.runs.model_selection import choose_recorded_models
from simnet.runs.options import ModelOptions
from simnet.runs.reload_scenario import timeline_of
from simnet.runs.replay import Replayed, replay
from simnet.runs.resample import Asked, Resampled, ask_again, pick
from simnet.runtime.ray.llm_server import LlmServer
from simnet.scheduler.continuation import last_scenario

FAILED = 4
"""Exit code for a record that is not what it should be."""


def do_again(name: str, root: Path, *, as_json: bool) -> int:
    """Replay a run, tell how it came out and return the exit code."""
    run = open_run(name, root)
    check_unlocked(run.path)
    began = time.perf_counter()
    replayed = replay(run)
    seconds = time.perf_counter() - began
    if as_json:
        _print_json({**replayed._asdict(), "seconds": round(seconds, 3)})
    else:
        _print(_told(replayed))
        sys.stdout.write(f"{replayed.calls:,} replies in {seconds:.1f} s, no model\n")
    return FAILED if replayed.differences else 0


def examine(
    name: str,
    root: Path,
    resample: int | None,
    model: str | None,
    backend: str | None,
    *,
    as_json: bool,
) -> int:
    """Verify a run, tell what was found and return the exit code."""
    run = open_run(name, root)
    check_unlocked(run.path)
    checks = []
    for check in chain(verify(run), _replayed(run)):
        checks.append(check)
        if not as_json:
            _print([check])
    again = asyncio.run(_resampled(run, resample, model, backend)) if resample else None
    if as_json:
        told: dict[str, Any] = {"run": run.id, "checks": [check._asdict() for check in checks]}
        told["determinism"] = run.manifest.determinism
        if again is not None:
            told["resampled"] = {"asked": again.asked, "same": again.same, "level": again.level}
        _print_json(told)
    elif again is not None:
        _print_resampled(again)
    return FAILED if any(check.problems for check in checks) else 0


def _replayed(run: Run) -> Iterator[Check]:
    name = "a replay gives the same rows and the same state"
    try:
        yield Check(name, replay(run).differences)
    except RecordError as error:  # it diverged, or is damaged
        yield Check(name, (str(error),))
    except UsageError as error:
        yield Check(name, (f"not done: {error}",))


async def _resampled(run: Run, count: int, model: str | None, backend: str | None) -> Resampled:
    timeline = timeline_of(run)
    picked = pick(run, timeline, count)
    scenario = last_scenario(timeline.start, timeline.continuation(run))
    options = ModelOptions(model=model, backend=backend)
    default, further = choose_recorded_models(run, scenario, options)
    total = Resampled(0, 0, ())
    for name in dict.fromkeys(one.model for one in picked):
        using = further.get(name, default) if name is not None else default
        mine = [one for one in picked if one.model == name]
        total = total.plus(await _asked_again(using, mine))
    return total


async def _asked_again(using: Backend | Model, picked: Sequence[Asked]) -> Resampled:
    if not isinstance(using, Backend):
        raise UsageError("--resample asks a backend; name one with --backend")
    server = LlmServer(using.ready(_say_nothing))
    await server.start()
    try:
        return await ask_again(server.generate, picked)
    finally:
        await server.close()


def _say_nothing(_: str) -> None:
    return


def _told(replayed: Replayed) -> Iterator[Check]:
    rows = f"{replayed.events:,} events and {replayed.exposures:,} exposures"
    end = "to the end" if replayed.complete else "as far as the record goes"
    yield Check(f"{rows} again, {end}; state {replayed.state_hash}", replayed.differences)


def _print(checks: Iterator[Check] | list[Check]) -> None:
    for check in checks:
        sys.stdout.write(f"{'FAILED' if check.problems else 'ok    '}  {check.name}\n")
        for problem in check.problems:
            sys.stdout.write(f"        {problem}\n")


def _print_resampled(again: Resampled) -> None:
    sys.stdout.write(f"{again.same} of {again.asked} replies came out the same: {again.level}\n")
    for asked, done in again.differing[:3]:
        where = f"@{asked.who}, turn {asked.turn}, call {asked.call}"
        sys.stdout.write(f"        {where}: {asked.reply.text!r:.60} and now {done.text!r:.60}\n")


def _print_json(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
