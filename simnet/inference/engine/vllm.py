"""A vLLM engine as a Model. This is the only file that imports vLLM, when it is used.

The engine runs in processes of its own. A dead engine is not restarted here: every request in
flight raises ModelGoneError, and the owner of the model builds a new one. An engine that has
requests and gives no token for `stall_timeout` seconds is killed. All exceptions of vLLM are
turned into completions or errors of simnet.
"""

import asyncio
import itertools
import math
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from simnet.errors import ModelGoneError, ModelNotFoundError, RunError, reason
from simnet.inference.calls.admission import Admission
from simnet.inference.calls.deadline import CallDeadline, late
from simnet.inference.calls.fanout import as_finished
from simnet.inference.calls.statistics import Gauge, Histogram, Statistics
from simnet.inference.engine.label_scores import told_probabilities, wanted
from simnet.inference.engine.processes import EngineProcesses
from simnet.inference.engine.watchdog import Watchdog
from simnet.inference.model import USABLE, Completion, Prompt
from simnet.inference.settings import EngineSettings, environment
from simnet.inference.tokens import ChatEncoder

_ADMITTED = 1.1
"""Requests admitted for each sequence of the engine: enough that it never waits for one."""
_RETRY_AFTER = 0.5
"""Seconds at most until a request that the engine had no room for is sent again."""
_MAX_SEED = 2**63 - 1


class VllmModel:
    """An engine with admission control. The constructor starts it: 15 s to some minutes.

    `encoder` encodes prompts without token ids; None loads it from the model's folder. Make it
    in the thread of the event loop. Environment variables that the engine needs are set in this
    process unless they are set already. Raises InputError for settings that cannot work and
    RunError when the engine does not start.
    """

    def __init__(self, settings: EngineSettings, encoder: ChatEncoder | None = None) -> None:
        settings.check()
        self.name = settings.recorded_name
        self._settings = settings
        self._encoder = encoder or ChatEncoder(settings.model)
        self._watchdog = Watchdog(settings.stall_timeout, self._kill_stalled)
        self._gauge = Gauge(self._watchdog.alive)
        self._admission = Admission(math.ceil(_ADMITTED * settings.sequences))
        self._deadline = CallDeadline(lambda: (self._gauge.generated, self._admission.taken))
        self._numbers = itertools.count()
        self._queued, self._generated = Histogram(), Histogram()
        self._prompted = self._cached = self._throttled = 0
        self._finished = asyncio.Event()
        self._working: set[asyncio.Task[Any]] = set()
        self._gone: ModelGoneError | None = None
        self._closed = False
        for name, value in environment(cpu=settings.on_cpu, threads=settings.threads).items():
            os.environ.setdefault(name, value)
        self._processes = EngineProcesses()
        with self._processes.starting():
            parser = self._encoder.reasoning_parser or ""
            self._engine = start_engine(settings, self._gauge.record, parser)
        self._adapters = _adapters(settings.adapters)

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield lists of (position, completion), each with all that have just finished.

        Raises ModelGoneError when the engine is dead or hung, RunError when it is closed.
        """
        async for finished in as_finished(prompts, self._admit):
            yield finished

    async def close(self) -> None:
        """Stop the engine and wait for its processes to end: about 5 s, 16 s at most.

        Raises RunError, with the ids, if some processes cannot be ended.
        """
        if not self._closed:
            self._closed = True
            self._watchdog.stop()
            engine, self._engine = self._engine, None  # its finaliser fails in a dying process
            await shut_down(engine)
        left = await asyncio.to_thread(self._processes.end, 3.0)
        if left:
            raise RunError(f"processes of the engine cannot be ended: {left}")

    def statistics(self) -> Statistics:
        """Count requests and tokens of the engine, in flight and so far."""
        gauge = self._gauge
        return Statistics(
            in_flight=self._admission.taken,
            waiting=self._admission.waiting,
            prompt_tokens=self._prompted,
            cached_tokens=self._cached,
            generated_tokens=gauge.generated,
            preemptions=gauge.preemptions,
            kv_use=gauge.kv_use,
            throttled=self._throttled,
            queued=self._queued.counts(),
            generated=self._generated.counts(),
        )

    def children(self) -> list[int]:
        """Return the ids of the engine's processes that are alive."""
        return self._processes.alive()

    async def _admit(self, prompt: Prompt) -> Completion:
        """Wait for admission and complete one prompt."""
        adapter = self._adapters.get(prompt.adapter) if prompt.adapter else None
        if prompt.adapter and adapter is None:
            served = ", ".join(sorted(self._adapters)) or "none"
            return Completion(f"unknown adapter {prompt.adapter!r}; served: {served}", "error")
        ids = prompt.ids or self._encoder.encode(prompt.system, prompt.user)
        room = self._settings.length - prompt.max_tokens
        if len(ids) > room:
            text = f"the prompt has {len(ids)} tokens, {room} fit beside {prompt.max_tokens} new"
            return Completion(text, "error", len(ids))
        begun = time.perf_counter()
        await self._admission.enter(prompt.priority)
        self._queued.add(time.perf_counter() - begun)
        try:
            return await self._complete(prompt, ids, adapter)
        finally:
            self._admission.leave()
            self._finished.set()
            self._finished.clear()

    async def _complete(self, prompt: Prompt, ids: Sequence[int], adapter: Any) -> Completion:
        if self._closed:
            raise RunError(f"the engine of {self.name} is closed")
        begun = time.perf_counter()
        deadline = self._deadline.begin(self._settings.deadline, prompt.max_tokens)
        try:
            async with deadline:
                output = await self._watched(prompt, ids, adapter)
        except asyncio.CancelledError:
            if self._gone is not None:
                raise self._gone from None
            raise
        except Exception as fault:  # noqa: BLE001  (no exception of vLLM may pass)
            seconds = time.perf_counter() - begun
            if deadline.expired():
                self._deadline.missed(seconds)
                return Completion(late(seconds), "deadline", len(ids), seconds=seconds)
            if self._gone is not None or self._closed or self._engine.errored:
                raise self._gone or self._died(fault) from None
            return Completion(reason(fault), "error", len(ids), seconds=seconds)
        return self._completion(output, prompt, len(ids), time.perf_counter() - begun)

    async def _watched(self, prompt: Prompt, ids: Sequence[int], adapter: Any) -> Any:
        """Generate under the watchdog; send again while the engine's queue is full."""
        task = asyncio.current_task()
        assert task is not None
        self._working.add(task)
        self._watchdog.begin()
        try:
            while True:
                try:
                    return await self._generate(prompt, ids, adapter)
                except Exception as fault:  # told apart by its message; others go on
                    if not _full(fault):
                        raise
                self._throttled += 1
                with suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY_AFTER):
                        await self._finished.wait()
        finally:
            self._watchdog.end()
            self._working.discard(task)

    async def _generate(self, prompt: Prompt, ids: Sequence[int], adapter: Any) -> Any:
        output = None
        by_priority = self._settings.scheduling == "priority"
        priority = {"priority": prompt.priority} if by_priority else {}
        number = str(next(self._numbers))
        stream = self._engine.generate(
            token_input(ids), sampling_of(prompt), number, lora_request=adapter, **priority
        )
        async for newest in stream:
            output = newest
        return output

    def _completion(self, output: Any, prompt: Prompt, tokens: int, seconds: float) -> Completion:
        if output is None:
            return Completion("the engine gave no output", "error", tokens, seconds=seconds)
        reply, cached = output.outputs[0], output.num_cached_tokens or 0
        self._prompted += tokens
        self._cached += cached
        self._generated.add(seconds)
        self._deadline.took(seconds)
        finish = reply.finish_reason or "error"
        text = reply.text if finish in USABLE else f"engine: {finish}"
        held, scores = prompt.pattern is not None, told_probabilities(prompt.labels, reply)
        count = len(reply.token_ids)
        return Completion(text, finish, tokens, cached, count, seconds, None, held, scores)

    def _kill_stalled(self) -> None:
        """Kill an engine that makes no progress, and fail all requests in flight."""
        self._gone = ModelGoneError(
            f"the engine of {self.name} hung: {len(self._working)} requests and no token for "
            f"{self._settings.stall_timeout:g} s",
            "engine hung",
        )
        self._processes.kill()
        for task in self._working:
            task.cancel()

    def _died(self, fault: BaseException) -> ModelGoneError:
        why = reason(fault)
        cause = "out of memory" if "out of memory" in why.lower() else "engine died"
        return ModelGoneError(f"the engine of {self.name} died: {why}", cause)


def start_engine(settings: EngineSettings, report: Callable[..., None], parser: str) -> Any:
    """Start an engine, which passes what it reports of each step to `report`."""
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs  # noqa: PLC0415  (heavy)
        from vllm.v1.engine.async_llm import AsyncLLM  # noqa: PLC0415
        from vllm.v1.metrics.loggers import StatLoggerBase  # noqa: PLC0415
    except ImportError as fault:
        raise ModelNotFoundError(f"vLLM cannot be imported ({fault}); see: simnet doctor") from None

    class Logger(StatLoggerBase):  # type: ignore[misc]  # vLLM is not typed here
        """Passes the engine's reports on."""

        def __init__(self, vllm_config: Any, engine_index: int = 0) -> None:
            del vllm_config, engine_index

        def record(self, scheduler_stats: Any, iteration_stats: Any, *_: Any, **__: Any) -> None:
            report(scheduler_stats, iteration_stats)

        def log_engine_initialized(self) -> None:
            pass

    os.environ.setdefault("VLLM_ENGINE_READY_TIMEOUT_S", str(int(settings.start_timeout)))
    try:
        arguments = AsyncEngineArgs(**{"reasoning_parser": parser, **settings.engine_arguments()})
        return AsyncLLM.from_engine_args(arguments, stat_loggers=[Logger])
    except Exception as fault:  # whatever vLLM raises becomes one message with its cause
        raise settings.not_started(fault) from fault


async def shut_down(engine: Any) -> None:
    """Stop an engine; its output task is cancelled first, since it would report a crash."""
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


def token_input(ids: Sequence[int]) -> Any:
    """Wrap token ids for vLLM, with the cheaper function of newer versions if it exists."""
    try:
        from vllm.inputs import tokens_input  # noqa: PLC0415  (heavy)
    except ImportError:
        return {"prompt_token_ids": list(ids)}
    return tokens_input(list(ids))


def sampling_of(prompt: Prompt) -> Any:
    """Return vLLM's settings of how to sample the reply to a prompt."""
    from vllm import SamplingParams  # noqa: PLC0415  (heavy)
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams  # noqa: PLC0415

    constraint = None if prompt.pattern is None else StructuredOutputsParams(regex=prompt.pattern)
    return SamplingParams(
        temperature=prompt.temperature,
        seed=prompt.seed & _MAX_SEED,
        max_tokens=prompt.max_tokens,
        output_kind=RequestOutputKind.FINAL_ONLY,
        structured_outputs=constraint,
        logprobs=wanted(prompt.labels),
    )


def _full(fault: BaseException) -> bool:
    """Tell whether the engine has refused a request because its queue is full."""
    from vllm.exceptions import GracefulHTTPError, RetryableRequestError  # noqa: PLC0415

    return isinstance(fault, GracefulHTTPError | RetryableRequestError)
