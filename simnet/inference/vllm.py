"""A vLLM engine as a Model. This is the only file that imports vLLM, when it is used.

The engine lives in processes of its own. Once it is dead it stays dead: every
request in flight ends in RunError, and whoever owns the model makes a new one.
No vLLM exception leaves this file.
"""

import asyncio
import itertools
import math
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from simnet.errors import ModelNotFoundError, RunError
from simnet.inference.model import Completion, Prompt
from simnet.inference.processes import descendants, end_processes
from simnet.inference.settings import EngineSettings, environment
from simnet.inference.tokens import ChatEncoder

_ADMITTED = 1.1
"""Requests handed to the engine for each it works on: enough that it never waits."""
_MAX_SEED = 2**63 - 1


class Statistics(NamedTuple):
    """What an engine is doing, and has done since it started."""

    in_flight: int
    """Requests the engine has."""
    waiting: int
    """Requests held back by admission."""
    prompt_tokens: int
    """Of finished requests; so are `cached_tokens`."""
    cached_tokens: int
    generated_tokens: int
    """Also of requests that are not finished: it stands still when the engine hangs."""
    preemptions: int
    kv_use: float
    """Share of the key-value cache in use, 0 to 1."""


class _Gauge:
    """What the engine reports about itself after every step."""

    def __init__(self) -> None:
        self.generated = 0
        self.preemptions = 0
        self.kv_use = 0.0

    def record(self, scheduler: Any, iteration: Any) -> None:
        """Take over one report; vLLM hands in None for what a step has not."""
        if scheduler is not None:
            self.kv_use = float(scheduler.kv_cache_usage)
        if iteration is not None:
            self.generated += int(iteration.num_generation_tokens)
            self.preemptions += int(iteration.num_preempted_reqs)


class VllmModel:
    """One engine with its admission; starts it, which takes from 15 s to minutes.

    `encoder` serves prompts that come without token ids; None reads it from the
    model's folder. Must be made where the event loop will run. Sets environment
    variables of this process that are not set and that the engine needs. Raises
    InputError for settings that cannot work and RunError when the engine does not start.
    """

    def __init__(self, settings: EngineSettings, encoder: ChatEncoder | None = None) -> None:
        settings.check()
        self.name = settings.model
        self._settings = settings
        self._encoder = encoder or ChatEncoder(settings.model)
        self._gauge = _Gauge()
        self._admission = asyncio.Semaphore(math.ceil(_ADMITTED * settings.sequences))
        self._numbers = itertools.count()
        self._in_flight = self._waiting = self._prompted = self._cached = 0
        self._closed = False
        for name, value in environment(cpu=settings.on_cpu, threads=settings.threads).items():
            os.environ.setdefault(name, value)
        before = {process.pid for process in descendants()}
        self._engine = _start(settings, self._gauge)
        self._processes = [child for child in descendants() if child.pid not in before]
        self._adapters = _adapters(settings.adapters)

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield lists of (position, completion): each time, all that are finished.

        Raises RunError when the engine is dead or closed.
        """
        ready: asyncio.Queue[tuple[int, Completion | RunError]] = asyncio.Queue()

        async def run(at: int, prompt: Prompt) -> None:
            try:
                ready.put_nowait((at, await self._admit(prompt)))
            except RunError as fault:
                ready.put_nowait((at, fault))

        tasks = [asyncio.create_task(run(at, prompt)) for at, prompt in enumerate(prompts)]
        try:
            left = len(tasks)
            while left:
                found = [await ready.get()]
                while not ready.empty():
                    found.append(ready.get_nowait())
                left -= len(found)
                done = [(at, got) for at, got in found if isinstance(got, Completion)]
                if done:
                    yield done
                for _, got in found:
                    if isinstance(got, RunError):
                        raise got
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop the engine; returns when its processes are gone, 5 s later as a rule, 16 at most.

        Raises RunError, with their ids, if some cannot be ended.
        """
        if not self._closed:
            self._closed = True
            engine, self._engine = self._engine, None  # its finaliser fails in a dying process
            await _shut_down(engine)
        left = await asyncio.to_thread(end_processes, self._processes, 3.0)
        if left:
            raise RunError(f"processes of the engine cannot be ended: {left}")

    def statistics(self) -> Statistics:
        """Tell what the engine is doing, and has done so far."""
        gauge = self._gauge
        return Statistics(
            self._in_flight,
            self._waiting,
            self._prompted,
            self._cached,
            gauge.generated,
            gauge.preemptions,
            gauge.kv_use,
        )

    def children(self) -> list[int]:
        """List the ids of the engine's processes that are alive."""
        return [process.pid for process in self._processes if process.is_running()]

    async def _admit(self, prompt: Prompt) -> Completion:
        """Wait for admission and complete one prompt, whatever becomes of it."""
        adapter = self._adapters.get(prompt.adapter) if prompt.adapter else None
        if prompt.adapter and adapter is None:
            known = ", ".join(sorted(self._adapters)) or "none"
            return Completion(f"unknown adapter {prompt.adapter!r}; served: {known}", "error")
        ids = prompt.ids or self._encoder.encode(prompt.system, prompt.user)
        room = self._settings.length - prompt.max_tokens
        if len(ids) > room:
            text = f"the prompt has {len(ids)} tokens, {room} fit beside {prompt.max_tokens} new"
            return Completion(text, "error", len(ids))
        self._waiting += 1
        try:
            await self._admission.acquire()
        finally:
            self._waiting -= 1
        self._in_flight += 1
        try:
            return await self._complete(prompt, ids, adapter)
        finally:
            self._in_flight -= 1
            self._admission.release()

    async def _complete(self, prompt: Prompt, ids: Sequence[int], adapter: Any) -> Completion:
        if self._closed:
            raise RunError(f"the engine of {self.name} is closed")
        begun = time.perf_counter()
        deadline = asyncio.timeout(self._settings.deadline)
        output = None
        try:
            async with deadline:
                request = str(next(self._numbers))
                stream = self._engine.generate(
                    _tokens(ids), _sampling(prompt), request, lora_request=adapter
                )
                async for part in stream:
                    output = part
        except Exception as fault:  # noqa: BLE001  (the border: nothing of vLLM's passes)
            if deadline.expired():
                text = f"no reply within {self._settings.deadline:g} s"
                return Completion(text, "deadline", len(ids), seconds=self._settings.deadline)
            if self._closed or self._engine.errored:
                raise RunError(f"the engine of {self.name} died: {_reason(fault)}") from None
            return Completion(
                _reason(fault), "error", len(ids), seconds=time.perf_counter() - begun
            )
        return self._finished(output, len(ids), time.perf_counter() - begun)

    def _finished(self, output: Any, asked: int, seconds: float) -> Completion:
        if output is None:
            return Completion("the engine gave no output", "error", asked, seconds=seconds)
        reply, cached = output.outputs[0], output.num_cached_tokens or 0
        self._prompted += asked
        self._cached += cached
        finish = reply.finish_reason or "error"
        text = reply.text if finish in {"stop", "length", "repetition"} else f"engine: {finish}"
        return Completion(text, finish, asked, cached, len(reply.token_ids), seconds)


def _start(settings: EngineSettings, gauge: _Gauge) -> Any:
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs  # noqa: PLC0415  (heavy)
        from vllm.v1.engine.async_llm import AsyncLLM  # noqa: PLC0415
        from vllm.v1.metrics.loggers import StatLoggerBase  # noqa: PLC0415
    except ImportError as fault:
        raise ModelNotFoundError(f"vLLM cannot be imported ({fault}); see: simnet doctor") from None

    class Logger(StatLoggerBase):  # type: ignore[misc]  # vLLM is not typed here
        """Hands the engine's reports to the gauge."""

        def __init__(self, vllm_config: Any, engine_index: int = 0) -> None:
            del vllm_config, engine_index

        def record(self, scheduler_stats: Any, iteration_stats: Any, *_: Any, **__: Any) -> None:
            gauge.record(scheduler_stats, iteration_stats)

        def log_engine_initialized(self) -> None:
            pass

    os.environ.setdefault("VLLM_ENGINE_READY_TIMEOUT_S", str(int(settings.start_timeout)))
    try:
        arguments = AsyncEngineArgs(**settings.engine_arguments())
        return AsyncLLM.from_engine_args(arguments, stat_loggers=[Logger])
    except Exception as fault:
        raise RunError(f"the engine of {settings.model} did not start: {_reason(fault)}") from fault


async def _shut_down(engine: Any) -> None:
    """Stop an engine without its output task taking the end of its process for a crash."""
    handler = getattr(engine, "output_handler", None)
    if handler is not None:
        handler.cancel()
        await asyncio.gather(handler, return_exceptions=True)
    await asyncio.to_thread(engine.shutdown, timeout=8.0)


def _adapters(folders: Mapping[str, str]) -> dict[str, Any]:
    if not folders:
        return {}
    from vllm.lora.request import LoRARequest  # noqa: PLC0415  (heavy)

    return {
        name: LoRARequest(name, number, folder)
        for number, (name, folder) in enumerate(sorted(folders.items()), start=1)
    }


def _tokens(ids: Sequence[int]) -> Any:
    """Wrap token ids the cheapest way this vLLM knows."""
    try:
        from vllm.inputs import tokens_input  # noqa: PLC0415  (heavy)
    except ImportError:
        return {"prompt_token_ids": list(ids)}
    return tokens_input(list(ids))


def _sampling(prompt: Prompt) -> Any:
    from vllm import SamplingParams  # noqa: PLC0415  (heavy)
    from vllm.sampling_params import (  # noqa: PLC0415
        RequestOutputKind,
        StructuredOutputsParams,
    )

    bound = StructuredOutputsParams(regex=prompt.pattern) if prompt.pattern is not None else None
    return SamplingParams(
        temperature=prompt.temperature,
        seed=prompt.seed & _MAX_SEED,
        max_tokens=prompt.max_tokens,
        output_kind=RequestOutputKind.FINAL_ONLY,
        structured_outputs=bound,
    )


def _reason(fault: BaseException) -> str:
    """Say what went wrong in one line, with the cause that says most."""
    while fault.__cause__ is not None:
        fault = fault.__cause__
    lines = str(fault).strip().splitlines()
    return f"{type(fault).__name__}: {lines[0]}" if lines else type(fault).__name__
