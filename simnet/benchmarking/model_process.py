"""Plays one side of the workload `model` in a process of its own, so that no cache is warm.

Not for users; `simnet.benchmarking.model_workload` starts it as a module, with a
mode, a file, and the file for the result.
`raw` asks the engine for all prompts at once, `live` runs the society whose prompts they are.
"""

import asyncio
import json
import os
import pickle
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from simnet.inference.backend import Backend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.engine import vllm
from simnet.inference.engine.embedded import resolve
from simnet.inference.engine.processes import EngineProcesses
from simnet.inference.model import USABLE, Completion, Prompt
from simnet.inference.settings import environment
from simnet.recording.reading.run import Run
from simnet.runs.blocking import blocking
from simnet.runs.launching.launcher import launch
from simnet.runs.plans.plan import RunPlan
from simnet.scenario.scenario import Scenario


class Work(NamedTuple):
    """What both sides are given."""

    backend: Backend
    scenario: Scenario
    prompts: list[Prompt]


class Played(NamedTuple):
    """What one side did."""

    seconds: float
    """From the first prompt to the last reply, without the start."""
    replies: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    digests: list[str]
    """Of the prompts, sorted."""
    reply_seconds: list[float]
    failures: list[str]
    """Why calls have no reply, one for each of these calls."""
    first_token: list[float] | None = None
    """Seconds until the first token of each reply; None if the engine does not tell."""
    between_tokens: list[float] | None = None
    """Mean seconds between the tokens of each reply, of those with several."""


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile of two values or more."""
    cut = quantiles(values, n=20, method="inclusive")
    return cut[9], cut[18]


def raw(work: Work) -> Played:
    """Ask the engine for all prompts at once."""
    if isinstance(work.backend, VllmBackend):
        return asyncio.run(_raw_vllm(work, work.backend))
    return asyncio.run(_raw_model(work))


async def _raw_vllm(work: Work, backend: VllmBackend) -> Played:
    settings = replace(backend.settings, model=resolve(backend.model), name=backend.recorded_name)
    processes = EngineProcesses()
    with processes.starting():
        engine = vllm.start_engine(settings, lambda *_: None, "")

    async def ask(number: int, prompt: Prompt) -> tuple[Any, float]:
        parts = engine.generate(
            vllm.token_input(prompt.ids or ()), vllm.sampling_of(prompt), str(number)
        )
        last = [part async for part in parts][-1]
        return last, perf_counter() - began

    began = perf_counter()
    outputs = await asyncio.gather(*(ask(*one) for one in enumerate(work.prompts)))
    seconds = perf_counter() - began
    await vllm.shut_down(engine)
    await asyncio.to_thread(processes.end, 3.0)  # this process could not end before they do
    done = [output for output, _ in outputs]
    known = [one.metrics for one in done if one.metrics is not None]
    several = [one for one in known if one.num_generation_tokens > 1]
    spans = [
        (one.last_token_ts - one.first_token_ts) / (one.num_generation_tokens - 1)
        for one in several
    ]
    return Played(
        seconds=seconds,
        replies=len(done),
        prompt_tokens=sum(len(one.prompt_token_ids) for one in done),
        cached_tokens=sum(one.num_cached_tokens or 0 for one in done),
        output_tokens=sum(len(one.outputs[0].token_ids) for one in done),
        digests=sorted(prompt.digest() for prompt in work.prompts),
        reply_seconds=[one for _, one in outputs],
        failures=[],
        first_token=[one.first_token_latency for one in known] or None,
        between_tokens=spans or None,
    )


async def _raw_model(work: Work) -> Played:
    model = work.backend.build()
    done: list[tuple[Completion, float]] = []
    began = perf_counter()
    async for finished in model.generate(work.prompts):
        done += [(completion, perf_counter() - began) for _, completion in finished]
    seconds = perf_counter() - began
    await model.close()
    completions = [completion for completion, _ in done]
    return Played(
        seconds=seconds,
        replies=len(done),
        prompt_tokens=sum(one.prompt_tokens or 0 for one in completions),
        cached_tokens=sum(one.cached_tokens or 0 for one in completions),
        output_tokens=sum(one.output_tokens or 0 for one in completions),
        digests=sorted(prompt.digest() for prompt in work.prompts),
        reply_seconds=[one for _, one in done],
        failures=[one.text for one in completions if not one.usable],
    )


def live(work: Work) -> Played:
    """Run the society, on Ray if its model needs that; its record has prompts and times."""
    ray = None if work.backend.needs_process else False
    with TemporaryDirectory(prefix="simnet-bench-") as folder:
        result = blocking(launch)(RunPlan(work.scenario, work.backend, Path(folder), ray=ray))
        calls = Run.open(result.folder).read("calls")
    usage = result.finish.progress.usage
    return Played(
        seconds=result.finish.progress.elapsed,
        replies=usage.calls,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        digests=sorted(calls["prompt_hash"].to_pylist()),
        reply_seconds=calls["seconds"].to_pylist(),
        failures=[
            call["completion"]
            for call in calls.select(["completion", "finish"]).to_pylist()
            if call["finish"] not in USABLE
        ],
    )


def main() -> None:
    """Play the side that the command line names, and write it to a file as JSON."""
    mode, file, result = sys.argv[1:]
    work: Work = pickle.loads(Path(file).read_bytes())  # noqa: S301  (the workload wrote it)
    if isinstance(work.backend, VllmBackend):
        os.environ |= environment(cpu=work.backend.on_cpu)
    played = {"raw": raw, "live": live}[mode](work)
    Path(result).write_text(json.dumps(played._asdict()), "utf-8")


if __name__ == "__main__":
    main()
