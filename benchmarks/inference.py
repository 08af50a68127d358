"""Tokens per second of vLLM alone, and of the same prompts in a simulation.

The prompts are those of the SocialAI scenario with all its posts at once, so that all personas
reply at the same time: the difference to vLLM alone is then overhead, and not time in which
personas wait for each other. Three modes alternate, each in a process tree of its own with an
empty prefix cache, `--rounds` times:

- offline: `LLM.generate` on all prompts at once
- async: `AsyncLLM.generate`, a task for each prompt, all at once
- live: a run with its Ray actors, its record and its world

Token ids, sampling parameters and engine arguments are equal. Time is measured from the first
prompt to the last reply, in a run to the last row on disk, without the start-up. The best
possible hit rate is that of a cache that never evicts and sees the prompts one by one.

Prints one table and one JSON line. On a GPU see gpu.md.
"""

import argparse
import asyncio
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from arguments import at_least, ratio, shown
from rich.console import Console
from rich.table import Table

from simnet import FakeModel, Scenario
from simnet.agents.host import Host
from simnet.inference.backend import Backend
from simnet.inference.backends.choice import choose
from simnet.inference.engine.embedded import resolve
from simnet.inference.engine.vllm import _sampling, _tokens
from simnet.inference.fakes.fake import plausible
from simnet.inference.settings import EngineSettings, environment
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.models import Prompt
from simnet.recording.reading.run import Run
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runs.plans.create import versions
from simnet.runtime.agent_factory import agents_of
from simnet.scenario.files.loading import Loaded, load_scenario

ROOT = Path(__file__).parent.parent
BLOCK = 16
"""Tokens in a block of the prefix cache, where the settings leave that to vLLM."""


class Work(NamedTuple):
    """The input of each mode."""

    backend: Backend
    prompts: list[Prompt]


class Figures(NamedTuple):
    """Measurements of one mode in one round."""

    seconds: float
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    replies: int
    parseable: int
    digests: list[str]
    """Of the prompts, sorted."""

    @property
    def speed(self) -> float:
        """Tokens in and out a second."""
        return (self.prompt_tokens + self.output_tokens) / self.seconds


def social(requests: int) -> Loaded:
    """Load the SocialAI scenario with this many replies, all at the same moment."""
    readers = max(1, round(requests / 9))  # of each of three posts, as three kinds of follower
    wanted = [f"personas={40 * readers}", "pairing=random", f"per_post={readers}"]
    loaded = load_scenario(str(ROOT / "scenarios" / "social_ai.py"), wanted, None)
    cues = [replace(cue, at=0.0) for cue in loaded.scenario.cues]
    return replace(loaded, scenario=replace(loaded.scenario, cues=cues))


async def prompts_of(scenario: Scenario, backend: Backend) -> list[Prompt]:
    """Simulate with invented replies; return all prompts in order, with token ids."""
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


def best_hit_rate(prompts: Sequence[Sequence[int]], block: int) -> float:
    """Return the share of tokens that a cache could hold; the last is always computed."""
    known: set[int] = set()
    hits = 0
    for ids in prompts:
        chain, hit = 0, True
        for start in range(0, (len(ids) - 1) // block * block, block):
            chain = hash((chain, tuple(ids[start : start + block])))
            hit = hit and chain in known
            hits += block * hit
            known.add(chain)
    return hits / sum(map(len, prompts))


# -- the three modes -------------------------------------------------------------------


def offline(work: Work) -> Figures:
    """Pass all prompts to `LLM.generate`."""
    from vllm import LLM  # noqa: PLC0415  (only where an engine is started)

    engine = LLM(**work.backend.settings.engine_arguments())
    inputs = [_tokens(prompt.ids or ()) for prompt in work.prompts]
    settings = [_sampling(prompt) for prompt in work.prompts]
    began = perf_counter()
    outputs = engine.generate(inputs, settings, use_tqdm=False)
    return figures_of(work, outputs, perf_counter() - began)


def asynchronous(work: Work) -> Figures:
    """Pass each prompt to `AsyncLLM.generate`, all at once."""
    return asyncio.run(_asynchronous(work))


async def _asynchronous(work: Work) -> Figures:
    from vllm.engine.arg_utils import AsyncEngineArgs  # noqa: PLC0415
    from vllm.v1.engine.async_llm import AsyncLLM  # noqa: PLC0415

    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**work.backend.settings.engine_arguments()))

    async def ask(number: int, prompt: Prompt) -> Any:
        parts = engine.generate(_tokens(prompt.ids or ()), _sampling(prompt), str(number))
        return [part async for part in parts][-1]

    began = perf_counter()
    outputs = await asyncio.gather(*(ask(*one) for one in enumerate(work.prompts)))
    figures = figures_of(work, outputs, perf_counter() - began)
    await asyncio.to_thread(engine.shutdown)
    return figures


def figures_of(work: Work, outputs: Sequence[Any], seconds: float) -> Figures:
    """Sum up the outputs of vLLM."""
    return Figures(
        seconds,
        sum(len(one.prompt_token_ids) for one in outputs),
        sum(one.num_cached_tokens or 0 for one in outputs),
        sum(len(one.outputs[0].token_ids) for one in outputs),
        len(outputs),
        sum(bool(one.outputs[0].text.strip()) for one in outputs),
        sorted(prompt.digest() for prompt in work.prompts),
    )


def live(work: Work) -> Figures:
    """Run the scenario on Ray; prompts are taken from the record."""
    loaded = social(len(work.prompts))
    with tempfile.TemporaryDirectory() as folder:
        plan = RunPlan(loaded.scenario, work.backend, Path(folder), modules=loaded.modules)
        outcome = asyncio.run(launch(plan))
        calls = Run.open(outcome.folder).read("calls")
    progress = outcome.finish.progress
    usage = progress.usage
    return Figures(
        progress.elapsed,
        usage.prompt_tokens,
        usage.cached_tokens,
        usage.output_tokens,
        usage.calls,
        usage.calls - sum(progress.ledger.failed.values()),
        sorted(calls["prompt_hash"].to_pylist()),
    )


MODES: dict[str, Callable[[Work], Figures]] = {
    "offline": offline,
    "async": asynchronous,
    "live": live,
}


def in_a_process(mode: str, file: Path) -> Figures:
    """Measure one mode in a process of its own, which starts those of the engine and Ray."""
    command = [sys.executable, __file__, "--mode", mode, "--work", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        sys.exit(f"{mode} failed:\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}")
    return Figures(**json.loads(result.stdout.splitlines()[-1]))


def measure(work: Work, rounds: int) -> dict[str, list[Figures]]:
    """Alternate between the modes, so that other load on the machine affects all of them."""
    found: dict[str, list[Figures]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "work.pickle"
        file.write_bytes(pickle.dumps(work))
        for turn in range(rounds):
            for mode in list(MODES)[turn % 3 :] + list(MODES)[: turn % 3]:
                figures = in_a_process(mode, file)
                print(f"{turn + 1}/{rounds} {mode}: {figures.seconds:.1f} s, {figures.speed:.0f}/s")
                found[mode].append(figures)
    return found


def report(work: Work, found: dict[str, list[Figures]]) -> None:
    """Print the table and the line."""
    ids = [prompt.ids or () for prompt in work.prompts]
    block = work.backend.settings.engine_arguments().get("block_size", BLOCK)
    best = best_hit_rate(ids, block)
    table = Table("mode", "seconds", "tokens/s", "hit rate", "of best", "out/action", "parseable")
    line: dict[str, Any] = {"benchmark": "inference", "model": work.backend.model}
    line |= {"requests": len(ids), "block": block, "best_hit_rate": round(best, 4)}
    for mode, rounds in found.items():
        middle = sorted(rounds, key=lambda one: one.speed)[len(rounds) // 2]
        rate = ratio(middle.cached_tokens, middle.prompt_tokens)
        of_best = ratio(rate, best)
        each = ratio(middle.output_tokens, middle.replies)
        parseable = ratio(middle.parseable, middle.replies)
        table.add_row(
            mode, f"{middle.seconds:.1f}", f"{middle.speed:.0f}", shown(rate, ".1%"),
            shown(of_best, ".1%"), shown(each, ".1f"), shown(parseable, ".1%"),
        )  # fmt: skip
        line[mode] = {
            "tokens_per_second": [round(one.speed, 1) for one in rounds],
            "seconds": [round(one.seconds, 2) for one in rounds],
            "hit_rate": rate,
            "of_the_best": of_best,
            "prompt_tokens": middle.prompt_tokens,
            "tokens_per_action": each,
            "parseable": parseable,
        }
    for mode in ("offline", "async"):
        pairs = zip(found["live"], found[mode], strict=True)
        line[f"efficiency_{mode}"] = round(
            statistics.median(a.speed / b.speed for a, b in pairs), 3
        )
    line["same_prompts"] = (
        len({tuple(one.digests) for rounds in found.values() for one in rounds}) == 1
    )
    Console().print(table)
    print(f"live / offline: {line['efficiency_offline']:.1%} of its tokens/s, median of the pairs")
    print(json.dumps(line | {"versions": versions()}))


def argument(text: str) -> tuple[str, Any]:
    """Parse NAME=VALUE; a value that is JSON is parsed."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def prepared(options: argparse.Namespace) -> Work:
    """Choose the model and make the prompts."""
    settings = EngineSettings(model="embedded", extra=dict(map(argument, options.engine)))
    backend = choose("vllm", options.model, settings).ready(print)
    settings = replace(backend.settings, model=resolve(backend.model))
    backend = replace(backend, settings=settings)
    scenario = social(options.requests).scenario
    return Work(backend, asyncio.run(prompts_of(scenario, backend)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", help="folder or hub name; the embedded one if left out")
    parser.add_argument(
        "--engine", metavar="NAME=VALUE", action="append", default=[],
        help="argument of vLLM's engine, such as load_format=dummy; repeatable",
    )  # fmt: skip
    parser.add_argument("--requests", type=at_least(9), default=108, help="a multiple of 9")
    parser.add_argument("--rounds", type=at_least(1), default=3)
    parser.add_argument("--mode", choices=list(MODES), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.mode is None:
        work = prepared(options)
        report(work, measure(work, options.rounds))
        return
    work = pickle.loads(options.work.read_bytes())  # noqa: S301  (this script wrote it)
    os.environ |= environment(cpu=work.backend.settings.on_cpu)
    print(json.dumps(MODES[options.mode](work)._asdict()))


if __name__ == "__main__":
    main()
