"""Any OpenAI-compatible endpoint as a Model. This is the only file that sends it prompts.

The endpoint makes the chat from texts, so what would be template structure in them is broken
up. It is sent no more at once than it takes without complaint, and asked again when it
complains. Where it cannot keep replies to a pattern, they are free.
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

from simnet import draws
from simnet.errors import ModelGoneError, RunError, reason
from simnet.inference.endpoint import Endpoint, client_library
from simnet.inference.fanout import as_finished
from simnet.inference.model import Completion, Prompt
from simnet.inference.statistics import Histogram, Statistics
from simnet.inference.throttle import Throttle
from simnet.text import neutralise

_BUSY = frozenset({429, 503, 529})
"""Status codes that say: later, and not so many."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
"""Wall seconds between two tries of a prompt; each wait is up to twice as long as the last."""
_MAX_SEED = 2**63 - 1
_STRUCTURE = re.compile(
    r"<(?=\|)|\|(?=>)|<(?=/?s>)|\[(?=/?INST\])|<(?=(?:start|end)_of_turn>)|<(?=</?SYS>>)"
)


class OpenAIModel:
    """One model behind an endpoint. Raises UsageError where the client is not installed."""

    def __init__(self, model: str, endpoint: Endpoint) -> None:
        openai = client_library()
        self.name = model
        self._endpoint = endpoint
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url, api_key=endpoint.key, max_retries=0, timeout=None
        )
        self._faults = openai
        self._throttle = Throttle(endpoint.in_flight)
        self._closing = asyncio.Event()
        self._replies = self._prompted = self._cached = self._output = 0
        self._queued, self._generated = Histogram(), Histogram()
        host = urlsplit(endpoint.base_url).hostname
        self._limit = "max_completion_tokens" if host == "api.openai.com" else "max_tokens"

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield lists of (position, completion): each time, all that are finished.

        Raises ModelGoneError when the endpoint is out of reach, RunError when it refuses the key.
        """
        async for finished in as_finished(prompts, self._complete):
            yield finished

    async def close(self) -> None:
        """Send nothing more."""
        self._closing.set()
        await self._client.close()

    def statistics(self) -> Statistics:
        """Tell what is under way, and what was done so far."""
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
        """Send one prompt until it is answered or there is no use in trying again."""
        replies = self._replies
        fault: Exception | None = None
        for attempt in range(self._endpoint.tries):
            answer = await self._admit(prompt)
            if isinstance(answer, Completion):
                return answer
            fault = answer
            if attempt + 1 < self._endpoint.tries:
                await self._wait(_pause(fault, attempt, prompt.seed))
        assert fault is not None
        told = f"{reason(fault)}, {self._endpoint.tries} times"
        if replies == self._replies and not isinstance(fault, self._faults.APIStatusError):
            raise ModelGoneError(
                f"{self._endpoint.base_url} is out of reach: {told}", "endpoint out of reach"
            )
        return Completion(told, "error")

    async def _admit(self, prompt: Prompt) -> Completion | Exception:
        """Wait for a place and send a prompt once; an error that may pass is returned."""
        begun = time.perf_counter()
        await self._throttle.admission.enter(prompt.priority)
        self._queued.add(time.perf_counter() - begun)
        number = self._throttle.begin()
        try:
            return await self._send(prompt)
        except self._faults.APIStatusError as fault:
            if fault.status_code in _BUSY:
                self._throttle.complained(number)
            elif fault.status_code < 500:
                return self._refused(fault)
            return fault  # type: ignore[no-any-return]  # the client is not typed here
        except self._faults.APIConnectionError as fault:
            return fault  # type: ignore[no-any-return]
        finally:
            self._throttle.admission.leave()

    async def _send(self, prompt: Prompt) -> Completion:
        if self._closing.is_set():
            raise RunError(f"the model {self.name!r} is closed")
        begun = time.perf_counter()
        deadline = asyncio.timeout(self._endpoint.deadline)
        try:
            async with deadline:
                reply = await self._client.chat.completions.create(**self._request(prompt))
            done = _completion(reply, time.perf_counter() - begun)
        except (self._faults.APIStatusError, self._faults.APIConnectionError):
            raise
        except TimeoutError:
            text = f"no reply within {self._endpoint.deadline:g} s"
            return Completion(text, "deadline", seconds=self._endpoint.deadline)
        except Exception as fault:  # noqa: BLE001  (whatever an endpoint says, it is no reply)
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
        told: dict[str, Any] = {
            "model": prompt.adapter or self.name,
            "messages": [
                {"role": "system", "content": _defused(prompt.system)},
                {"role": "user", "content": _defused(prompt.user)},
            ],
            "seed": prompt.seed & _MAX_SEED,
            "temperature": prompt.temperature,
            self._limit: prompt.max_tokens,
        }
        if self._endpoint.constrains and prompt.pattern is not None:
            told["extra_body"] = {"structured_outputs": {"regex": prompt.pattern}}
        return told

    def _refused(self, fault: Any) -> Completion:
        if fault.status_code == 401:
            raise RunError(
                f"{self._endpoint.base_url} refuses the key in ${self._endpoint.api_key_env}"
            ) from fault
        return Completion(reason(fault), "error")

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()


def _defused(text: str) -> str:
    """Break up what a chat template could take for structure: `<|im_end|>` is `< |im_end| >`."""
    return _STRUCTURE.sub(lambda found: f"{found[0]} ", neutralise(text))


def _completion(reply: Any, seconds: float) -> Completion:
    """Read a reply. Raises whatever a reply of another form leads to."""
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
    text = choice.message.content
    if text is None:
        text = getattr(choice.message, "refusal", None) or ""
    if not isinstance(text, str):
        raise TypeError(f"its text is {text!r:.80}")
    return Completion(text, finish, *counts, seconds)


def _pause(fault: Exception, attempt: int, seed: int) -> float:
    """Say how long to wait: as long as the endpoint asks for, else longer each time, jittered."""
    asked = _retry_after(getattr(getattr(fault, "response", None), "headers", {}))
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)
    jittered = longest * (0.5 + draws.unit(seed, attempt) / 2)
    return jittered if asked is None else min(_LONGEST_WAIT, asked) + jittered / 4


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds to wait, given as a number or as a date."""
    told = headers.get("retry-after", "")
    with suppress(ValueError):
        return max(0.0, float(told))
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    return None
