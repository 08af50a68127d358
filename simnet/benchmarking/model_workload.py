"""The workload `model`: a fixed society on a real model, beside the engine alone."""

import asyncio
import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from psutil import Process

from simnet.agents.host import Host
from simnet.benchmarking.model_process import Played, Work, percentiles
from simnet.benchmarking.played_society import Figure, Figures
from simnet.clock import HOUR, MINUTE
from simnet.errors import RunError, UsageError
from simnet.inference.backend import Backend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.engine.processes import end_processes
from simnet.inference.fakes.fake import FakeModel, plausible
from simnet.inference.model import Prompt
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.personas.persona import Persona
from simnet.personas.population import sample
from simnet.runs.models.model_selection import choose_models
from simnet.runs.options.options import ModelOptions
from simnet.runs.plans.create import facts_of_model
from simnet.runtime.agent_factory import agents_of
from simnet.scenario.cohort import Cohort, Cue
from simnet.scenario.scenario import Scenario
from simnet.scenario.timing.rhythms import Never, Steps
from simnet.world.verbs.posting import Write

CALLS = 96
"""People, each of whom is asked once, all at the same simulated time."""
DEADLINE = 3600.0
"""Wall seconds that one side may take, with the start of its engine."""
BLOCK = 16
"""Tokens in a block of the prefix cache, where the settings leave that to the engine."""
NEWS = (
    "The swimming pool stays closed until autumn.",
    "A new bakery opens at the station on Monday.",
    "The bridge will be repaired over the weekend.",
    "Buses run every ten minutes from next week on.",
    "The library is open on Sundays now.",
    "Somebody found a wallet in the park.",
    "The market moves to the old harbour.",
    "Tap water is safe to drink again.",
    "The school choir sings on Friday evening.",
    "Parking spaces in Mill Street become a bike lane.",
)


def crowd(calls: int) -> Scenario:
    """Make people who all look at once, and see ten posts."""
    authors = [Persona(id=f"desk_{number}", description="News.") for number in range(len(NEWS))]
    return Scenario(
        "bench model",
        [
            Cohort("authors", authors, rhythm=Never()),
            Cohort(
                "people",
                sample(calls),
                rhythm=Steps(HOUR, offset=HOUR),
                reacts_in=MINUTE,
                follows={"authors": 1.0},
            ),
        ],
        [
            Cue(MINUTE * (number + 1), authors[number].id, Write(text))
            for number, text in enumerate(NEWS)
        ],
        lasts=1.5 * HOUR,
        seed=1,
    )


class ModelWorkload:
    """Plays the society through the whole of simnet, and its prompts on the engine alone."""

    def __init__(self, options: ModelOptions, calls: int = CALLS) -> None:
        """Take the model, as a run does; raises UsageError for a model object."""
        self._options = options
        self._calls = calls
        self._work: Work | None = None

    def __call__(self) -> Figures:
        """Play both sides, each in a process of its own. Raises RunError if one or a call fails."""
        work = self._work = self._work or self._prepared()
        with TemporaryDirectory(prefix="simnet-bench-") as folder:
            file = Path(folder) / "work"
            file.write_bytes(pickle.dumps(work))
            raw, live = (_played(mode, file) for mode in ("raw", "live"))
        if raw.digests != live.digests:
            raise RunError("the run asked other prompts than the engine was given alone")
        for side, one in (("the model alone", raw), ("the run", live)):
            if one.failures:
                raise RunError(
                    f"{len(one.failures)} of {one.replies} calls of {side} have no reply, so their "
                    f"times measure nothing: {one.failures[0]}"
                )
        return figures(work, raw, live)

    @property
    def facts(self) -> dict[str, Any]:
        """What is measured: the model as a run records it, and the number of calls.

        Empty until it is played.
        """
        if self._work is None:
            return {}
        told = facts_of_model(self._work.backend).model_dump(mode="json", exclude_none=True)
        return {"calls": self._calls, **{name: value for name, value in told.items() if value}}

    def _prepared(self) -> Work:
        scenario = crowd(self._calls)
        chosen = choose_models(scenario, self._options).default
        if not isinstance(chosen, Backend):
            raise UsageError("the workload model takes the name of a model, no model object")
        backend = chosen.ready(_say)
        return Work(backend, scenario, asyncio.run(prompts_of(scenario, backend)))


async def prompts_of(scenario: Scenario, backend: Backend) -> list[Prompt]:
    """Play with made-up replies; return the prompts in order, with token ids if there are any."""
    prompts: list[Prompt] = []

    def reply(prompt: Prompt) -> str:
        prompts.append(prompt)
        return plausible(prompt)

    host = Host(agents_of(scenario), FakeModel(reply), backend.encoder())
    kernel, status = Kernel(scenario), Status.FULL
    while status is not Status.DONE:
        status = kernel.advance(1024)
        views, kernel.views = kernel.views, []
        async for results in host.think(views):
            kernel.deliver(results.decisions)
    return prompts


def figures(work: Work, raw: Played, live: Played) -> Figures:
    """Sum both sides up."""
    rates = [(one.prompt_tokens + one.output_tokens) / one.seconds for one in (raw, live)]
    found = {
        "requests per second": Figure(live.replies / live.seconds, "1/s", more_is_better=True),
    }
    if all(rates):
        found["tokens per second"] = Figure(rates[1], "1/s", more_is_better=True)
        found["tokens per second of the engine alone"] = Figure(rates[0], "1/s", True)  # noqa: FBT003
        found["share of the engine alone"] = Figure(rates[1] / rates[0], "", more_is_better=True)
    if isinstance(work.backend, VllmBackend):
        block = work.backend.settings.engine_arguments().get("block_size", BLOCK)
        best = best_hit_rate([prompt.ids or () for prompt in work.prompts], block)
        rate = live.cached_tokens / max(1, live.prompt_tokens)
        found["prefix-cache hit rate"] = Figure(rate, "", more_is_better=True)
        if best:
            found["hit rate, of the best"] = Figure(rate / best, "", more_is_better=True)
    timed = {"reply": live.reply_seconds, "first token of the engine alone": raw.first_token,
             "between tokens of the engine alone": raw.between_tokens}  # fmt: skip
    for name, values in timed.items():
        if values is not None and len(values) > 1:
            for which, value in zip(("p50", "p95"), percentiles(values), strict=True):
                found[f"{name}, {which}"] = Figure(value, "s", more_is_better=False)
    return found


def best_hit_rate(prompts: Sequence[Sequence[int]], block: int) -> float:
    """Return the share of tokens that a cache which forgets nothing would hold.

    It sees the prompts one by one; the last token of each is always computed.
    """
    known: set[int] = set()
    hits = 0
    for ids in prompts:
        chain, hit = 0, True
        for start in range(0, (len(ids) - 1) // block * block, block):
            chain = hash((chain, tuple(ids[start : start + block])))
            hit = hit and chain in known
            hits += block * hit
            known.add(chain)
    return hits / max(1, sum(map(len, prompts)))


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _played(mode: str, file: Path) -> Played:
    result = file.with_name(f"{mode}.json")
    module = "simnet.benchmarking.model_process"
    finish(
        [sys.executable, "-m", module, mode, str(file), str(result)], f"the workload model, {mode}"
    )
    return Played(**json.loads(result.read_text("utf-8")))


def finish(command: Sequence[str], what: str, deadline: float = DEADLINE) -> None:
    """Run a command until its own process ends, whatever processes it leaves behind.

    What it prints goes to a file, because a pipe has no end as long as one of those holds it.
    Raises RunError, which begins with `what` and has the last lines, if the command fails or takes
    more than `deadline` wall seconds; then it is killed with all that it started.
    """
    with TemporaryFile() as printed:
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            code = process.wait(deadline)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                end_processes([*Process(process.pid).children(recursive=True)], 0.0)
                process.kill()
                process.wait()
        if code == 0:
            return
        printed.seek(0)
        lines = [line for line in printed.read().decode("utf-8", "replace").splitlines() if line]
    how = f"did not end within {deadline:g} s" if code is None else f"ended with {code}"
    raise RunError(f"{what} {how}: {' '.join(lines[-3:])}")
