"""Asks a sample of a run's model calls again, for `simnet verify --resample`."""

import asyncio
from collections.abc import Sequence

from simnet.errors import UsageError
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.recording.reading.run import Run
from simnet.runs.models.model_selection import choose_recorded_models
from simnet.runs.options.options import ModelOptions
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.resample import Asked, Resampled, ask_again, pick
from simnet.runtime.ray.engines.llm_server import LlmServer
from simnet.scheduler.continuing.continuation import last_scenario


def resample_run(
    run: Run, timeline: ScenarioTimeline, count: int, model: str | None, backend: str | None
) -> Resampled:
    """Ask up to `count` recorded calls again, each of the model it was for.

    `timeline` are its scenarios. `model` and `backend` replace those of the run. Raises UsageError
    if a model is no backend.
    """
    return asyncio.run(_resample(run, timeline, count, ModelOptions(model=model, backend=backend)))


async def _resample(
    run: Run, timeline: ScenarioTimeline, count: int, options: ModelOptions
) -> Resampled:
    picked = pick(run, timeline, count)
    scenario = last_scenario(timeline.start, timeline.continuation(run))
    default, further = choose_recorded_models(run, scenario, options)
    total = Resampled(0, 0, ())
    for name in dict.fromkeys(call.model for call in picked):
        chosen = further.get(name, default) if name is not None else default
        calls = [call for call in picked if call.model == name]
        total = total.plus(await _ask(chosen, calls))
    return total


async def _ask(backend: Backend | Model, calls: Sequence[Asked]) -> Resampled:
    if not isinstance(backend, Backend):
        raise UsageError("--resample asks a backend; name one with --backend")
    server = LlmServer(backend.ready(lambda _: None))
    await server.start()
    try:
        return await ask_again(server.generate, calls)
    finally:
        await server.close()
