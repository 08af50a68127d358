"""A model behind an OpenAI-compatible endpoint. Only this file sends prompts to endpoints.

The endpoint applies the chat template, so special tokens in texts are broken up before they are
sent. The number of requests in flight adapts to what the endpoint accepts (see `throttle.py`),
and a request is repeated when the endpoint is busy, out of reach or has failed. Replies are
constrained to the pattern of their prompt only if the endpoint supports it.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from simnet import draws
from simnet.errors import ModelGoneError, RunError, reason
from simnet.inference.endpoint import Endpoint, client_library
from simnet.inference.fanout import as_finished
from simnet.inference.model import Completion, Prompt
from simnet.inference.reasoning import NO_REASONING, message_parts, without_reasoning
from simnet.inference.statistics import Histogram, Statistics
from simnet.inference.throttle import Throttle
from simnet.text import neutralise

_BUSY = frozenset({429, 503, 529})
"""Status codes after which fewer requests are sent at once."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
"""Bounds of the exponential back-off between two tries of a prompt, wall seconds."""
_MAX_SEED = 2**63 - 1
_SPECIAL_TOKENS = re.compile(
    r"<(?=\|)|\|(?=>)|<(?=/?s>)|\[(?=/?INST\])|<(?=(?:start|end)_of_turn>)|<(?=</?SYS>>)"
)


class OpenAIModel:
    """One model behind an endpoint. Raises UsageError where its client is not installed."""

    def __init__(self, model: str, endpoint: Endpoint) -> None:
        openai = client_library()
        self.name = model
        self._endpoint = endpoint
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url, api_key=endpoint.key, max_retries=0, timeout=None
        )
        self._errors = openai
        self._transient = (openai.APIStatusError, openai.APIConnectionError)
        self._throttle = Throttle(endpoint.in_flight)
        self._closing = asyncio.Event()
        self._replies = self._prompted = self._cached = self._output = 0
        self._queued, self._generated = Histogram(), Histogram()
        host = urlsplit(endpoint.base_url).hostname
        self._limit = "max_completion_tokens" if host == "api.openai.com" else "max_tokens"

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield lists of (position, completion), each with all that have just finished.

        Raises ModelGoneError when the endpoint is out of reach, RunError when it refuses the key.
        """
        async for finished in as_finished(prompts, self._complete):
            yield finished

    async def close(self) -> None:
        """Close the connections; prompts that wait for a retry fail."""
        self._closing.set()
        await self._client.close()

    def statistics(self) -> Statistics:
        """Count requests and tokens, in flight and so far."""
        return Statistics(
            in_flight=self._throttle.admission.taken,
            waiting=self._throttle.admission.waiting,
            prompt_tokens=self._prompted,
            cached_tokens=self._cached,
            generated_tokens=self._output,
            throttled=self._throttle.throttled,
            queued=self._queued.counts(),
            generated=self._generated.counts(),
        )

    async def _complete(self, prompt: Prompt) -> Completion:
        """Send one prompt, again after errors that may pass, until its tries are used up."""
        replies = self._replies
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._endpoint.tries),
            wait=lambda state: _pause(state, prompt.seed),
            retry=retry_if_exception_type(self._transient),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return await retrying(self._attempt, prompt)
        except self._transient as fault:
            error_text = f"{reason(fault)}, {self._endpoint.tries} times"
            no_status = not isinstance(fault, self._errors.APIStatusError)
            if no_status and replies == self._replies:
                raise ModelGoneError(
                    f"{self._endpoint.base_url} is out of reach: {error_text}",
                    "endpoint out of reach",
                ) from None
            return Completion(error_text, "error")

    async def _attempt(self, prompt: Prompt) -> Completion:
        """Wait for admission and send a prompt once. Raises an error if it may pass."""
        begun = time.perf_counter()
        await self._throttle.admission.enter(prompt.priority)
        self._queued.add(time.perf_counter() - begun)
        number = self._throttle.begin()
        try:
            return await self._send(prompt)
        except self._errors.APIStatusError as fault:
            if fault.status_code in _BUSY:
                self._throttle.refused(number)
            elif fault.status_code < 500:
                return self._refused(fault)
            raise
        finally:
            self._throttle.admission.leave()

    async def _send(self, prompt: Prompt) -> Completion:
        if self._closing.is_set():
            raise RunError(f"the model {self.name!r} is closed")
        begun = time.perf_counter()
        deadline = asyncio.timeout(self._endpoint.deadline)
        request = self._request(prompt)
        try:
            async with deadline:
                reply = await self._client.chat.completions.create(**request)
            done = _completion(reply, time.perf_counter() - begun)
            done = done._replace(constrained=_obeyed(request, prompt, done))
        except self._transient:
            raise
        except TimeoutError:
            text = f"no reply within {self._endpoint.deadline:g} s"
            return Completion(text, "deadline", seconds=self._endpoint.deadline)
        except Exception as fault:  # noqa: BLE001  (a malformed reply fails anywhere)
            text = f"not a reply: {reason(fault)}"
            return Completion(text, "error", seconds=time.perf_counter() - begun)
        self._throttle.succeeded()
        self._replies += 1
        self._generated.add(done.seconds)
        self._prompted += done.prompt_tokens
        self._cached += done.cached_tokens
        self._output += done.output_tokens
        return done

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "model": prompt.adapter or self.name,
            "messages": [
                {"role": "system", "content": _without_special_tokens(prompt.system)},
                {"role": "user", "content": _without_special_tokens(prompt.user)},
            ],
            "seed": prompt.seed & _MAX_SEED,
            "temperature": prompt.temperature,
            self._limit: prompt.max_tokens,
        }
        if self._endpoint.constrains:  # it is vLLM's server, which takes these fields
            extra: dict[str, Any] = {"chat_template_kwargs": dict(NO_REASONING)}
            if prompt.pattern is not None:
                extra["structured_outputs"] = {"regex": prompt.pattern}
            fields["extra_body"] = extra
        return fields

    def _refused(self, fault: Any) -> Completion:
        if fault.status_code == 401:
            raise RunError(
                f"{self._endpoint.base_url} refuses the key in ${self._endpoint.api_key_env}"
            ) from fault
        return Completion(reason(fault), "error")

    async def _sleep(self, seconds: float) -> None:
        """Sleep, until the model is closed at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()


def _without_special_tokens(text: str) -> str:
    """Break up what a chat template takes for special tokens: `<|im_end|>` is `< |im_end| >`."""
    return _SPECIAL_TOKENS.sub(lambda found: f"{found[0]} ", neutralise(text))


def _completion(reply: Any, seconds: float) -> Completion:
    """Read a reply. Raises any exception for one that is malformed."""
    choice, usage = reply.choices[0], reply.usage
    details = getattr(usage, "prompt_tokens_details", None)
    counts = (
        int(getattr(usage, "prompt_tokens", 0) or 0),
        int(getattr(details, "cached_tokens", 0) or 0),
        int(getattr(usage, "completion_tokens", 0) or 0),
    )
    finish = choice.finish_reason or "stop"
    if finish not in {"stop", "length", "abort", "repetition"}:
        return Completion(f"the endpoint ended it: {finish}", "error", *counts, seconds)
    text, reasoning = message_parts(choice.message)
    return Completion(text, finish, *counts, seconds, reasoning)


def _obeyed(request: Mapping[str, Any], prompt: Prompt, done: Completion) -> bool:
    """Whether a reply was constrained: the request said so, and the endpoint did not ignore it."""
    if prompt.pattern is None or "structured_outputs" not in request.get("extra_body", {}):
        return False
    text = without_reasoning(done).text
    return done.finish == "length" or re.fullmatch(prompt.pattern, text.strip()) is not None


def _pause(state: RetryCallState, seed: int) -> float:
    """Compute the seconds until the next try, jittered by the prompt's seed.

    That is what the Retry-After header says, or exponential back-off.
    """
    attempt = state.attempt_number - 1
    fault = state.outcome.exception() if state.outcome else None
    retry_after = _retry_after(getattr(getattr(fault, "response", None), "headers", {}))
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)
    jittered = longest * (0.5 + draws.unit(seed, attempt) / 2)
    return jittered if retry_after is None else min(_LONGEST_WAIT, retry_after) + jittered / 4


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the seconds of a Retry-After header, which has a number or a date."""
    value = headers.get("retry-after", "")
    with suppress(ValueError):
        return max(0.0, float(value))
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
