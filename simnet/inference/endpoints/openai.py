"""A model behind an OpenAI-compatible endpoint. Only this file sends prompts to endpoints.

The endpoint applies the chat template, so special tokens in texts are broken up before they are
sent. The number of requests in flight adapts to what the endpoint accepts (see `throttle.py`),
and a request is repeated when the endpoint is busy, out of reach or has failed. Replies are
constrained to the pattern of their prompt only if the endpoint supports it. Redirects are not
followed: prompts and the key are sent to no address but the one that was given.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from simnet.errors import ModelGoneError, RunError, reason
from simnet.foundation.text import counted, file_name
from simnet.inference.calls.deadline import CallDeadline, late
from simnet.inference.calls.fanout import as_finished
from simnet.inference.calls.retry_waits import RetryWaits, clock
from simnet.inference.calls.statistics import Histogram, Statistics
from simnet.inference.calls.throttle import Throttle
from simnet.inference.endpoints.chat_reply import NoReplyError, completion_of, raise_error_within
from simnet.inference.endpoints.chat_request import ChatRequests
from simnet.inference.endpoints.endpoint import Endpoint, client_library
from simnet.inference.endpoints.endpoint_errors import of_a_day, used_up, words
from simnet.inference.endpoints.retry_after import LONG, MOST, NEXT_DAY_TRY, demanded, pause
from simnet.inference.endpoints.token_logprobs import told_probabilities
from simnet.inference.model import POSTPONED, Completion, Prompt, closed_model
from simnet.inference.replies.reasoning import without_reasoning

_BUSY = frozenset({429, 503, 529})
"""Status codes after which fewer requests are sent at once."""
_PASSING = frozenset({408, 409, 425})
"""Other status codes below 500 of what may pass: a time-out, a conflict, too early."""
_DAY_REFUSALS = 8
"""Refusals because of a quota of a day that are waited for as they say."""
_UNTOLD = (None, None, None)
"""Counts of tokens of a request without an answer that tells them."""


class _PostponedError(Exception):
    """Ends the wait of a prompt that is sent no more, as the run stops."""


class OpenAIModel:
    """One model behind an endpoint. Raises UsageError where its client is not installed."""

    def __init__(self, model: str, endpoint: Endpoint) -> None:
        openai = client_library()
        self.name = file_name(model)  # a local server may name a model by its path
        self._endpoint = endpoint
        self._client = openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.key,
            max_retries=0,
            timeout=None,
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
        )
        self._requests = ChatRequests(model, endpoint)
        self._waits = RetryWaits(endpoint=endpoint.shown_url)
        self._deadline = CallDeadline()
        self._errors = openai
        self._transient = (openai.APIStatusError, openai.APIConnectionError)
        self._throttle = Throttle(endpoint.in_flight)
        self._ended = asyncio.Event()
        """Whether nothing waits any more, as the model is closed or its prompts are postponed."""
        self._closed = False
        self._day_refusals = 0
        """Refusals because of a quota of a day since the newest reply."""
        self._replies = self._prompted = self._cached = self._uncounted = self._output = 0
        self._unknown_in = self._unknown_out = 0
        self._queued, self._generated = Histogram(), Histogram()

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield lists of (position, completion), each with all that have just finished.

        Raises ModelGoneError when the endpoint is out of reach, RunError when it refuses the key,
        redirects, or says that a quota is used up.
        """
        async for finished in as_finished(prompts, self._complete):
            yield finished

    async def close(self) -> None:
        """Close the connections; prompts that wait for a retry fail."""
        self._closed = True
        self._ended.set()
        await self._client.close()

    def postpone(self) -> None:
        """Send no more prompts; those that wait to be sent are completed as postponed."""
        self._ended.set()
        self._throttle.admission.close(_PostponedError())

    def statistics(self) -> Statistics:
        """Count requests and tokens, in flight and so far."""
        return Statistics(
            in_flight=self._throttle.admission.taken,
            waiting=self._throttle.admission.waiting,
            prompt_tokens=self._prompted,
            cached_tokens=self._cached,
            uncounted_tokens=self._uncounted,
            generated_tokens=self._output,
            replies=self._replies,
            unknown_in=self._unknown_in,
            unknown_out=self._unknown_out,
            throttled=self._throttle.throttled,
            left_out=self._requests.left_out,
            waits=self._waits.state(),
            queued=self._queued.counts(),
            generated=self._generated.counts(),
        )

    async def _complete(self, prompt: Prompt) -> Completion:
        """Send one prompt, again after errors that may pass, until its tries are used up."""
        replies = self._replies
        answered: list[str] = []

        async def sleep(seconds: float) -> None:
            with self._waits.waiting(answered[-1], seconds):
                await self._sleep(seconds)

        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._endpoint.tries),
            wait=lambda state: pause(_fault(state), state.attempt_number, prompt.seed),
            retry=retry_if_exception_type(self._transient),
            before_sleep=lambda state: answered.append(self._words(_fault(state))),
            sleep=sleep,
            reraise=True,
        )
        try:
            return await retrying(self._attempt, prompt)
        except _PostponedError:
            return Completion("the run stopped before the prompt was sent", POSTPONED)
        except self._transient as fault:
            error_text = f"{self._words(fault)}, {counted(self._endpoint.tries, 'time')}"
            no_status = not isinstance(fault, self._errors.APIStatusError)
            if no_status and replies == self._replies:
                raise ModelGoneError(
                    f"{self._endpoint.shown_url} is out of reach: {error_text}",
                    "endpoint out of reach",
                ) from None
            return Completion(error_text, "error")

    def _words(self, fault: Any) -> str:
        """Say in one line what the endpoint answered, or why it did not."""
        status = isinstance(fault, self._errors.APIStatusError)
        return self._endpoint.masked(words(fault) if status else reason(fault))

    async def _attempt(self, prompt: Prompt) -> Completion:
        """Wait for admission and send a prompt once. Raises an error if it may pass."""
        begun = time.perf_counter()
        await self._enter(prompt.priority)
        self._queued.add(time.perf_counter() - begun)
        number = self._throttle.begin()
        try:
            return await self._send(prompt)
        except self._errors.APIStatusError as fault:
            self._check_usable(fault)
            if fault.status_code in _BUSY:
                self._throttle.refused(number)
                self._heed(fault)
            elif fault.status_code < 500 and fault.status_code not in _PASSING:
                return Completion(self._words(fault), "error")
            raise
        finally:
            self._throttle.admission.leave()

    async def _enter(self, priority: int) -> None:
        """Wait for admission, and before that for the end of a long wait that was demanded."""
        while True:
            if seconds := self._waits.closed_for():
                with self._waits.waiting(None, seconds):
                    await self._sleep(seconds)
            await self._throttle.admission.enter(priority)
            if self._closed or not self._waits.closed_for():
                return
            self._throttle.admission.leave()

    def _heed(self, fault: Any) -> None:
        """Hold all prompts back if the endpoint demands a long wait.

        Raises RunError for one that is longer than a run waits.
        """
        seconds = demanded(fault) or 0.0
        if of_a_day(fault):
            self._day_refusals += 1
            if self._day_refusals > _DAY_REFUSALS:  # some tell the wait of another quota
                seconds = max(seconds, NEXT_DAY_TRY)
        if seconds <= LONG:
            return
        if seconds > MOST:
            raise RunError(
                f"{self._endpoint.shown_url} asks to wait until {clock(time.time() + seconds)}, "
                f"which is longer than the {MOST / 3600:g} hours that a run waits: "
                f"{self._words(fault)}"
            ) from fault
        self._waits.close(seconds, self._words(fault))

    def _check_usable(self, fault: Any) -> None:
        """Raise RunError for an answer after which no prompt can succeed."""
        url, status = self._endpoint.shown_url, fault.status_code
        if status == 401:
            raise RunError(self._endpoint.refusal) from fault
        if used_up(fault):
            raise RunError(f"{url} takes no more requests: {self._words(fault)}") from fault
        if 300 <= status < 400:
            raise RunError(f"{url} {self._endpoint.redirected(fault)}") from fault

    async def _send(self, prompt: Prompt) -> Completion:
        if self._closed:
            raise closed_model(self.name)
        begun = time.perf_counter()
        deadline = self._deadline.begin(self._endpoint.deadline, prompt.max_tokens)
        try:
            async with deadline:
                reply, request = await self._create(prompt)
            done = completion_of(reply, time.perf_counter() - begun)
            done = done._replace(
                constrained=_obeyed(request, prompt, done),
                probabilities=told_probabilities(prompt.labels, reply.choices[0]),
            )
        except self._transient:
            raise
        except TimeoutError:
            seconds = time.perf_counter() - begun
            self._deadline.missed(seconds)
            return Completion(late(seconds), "deadline", *_UNTOLD, seconds)
        except Exception as fault:  # noqa: BLE001  (a malformed reply fails anywhere)
            text = self._endpoint.masked(f"not a reply: {_malformed(fault)}")
            return Completion(text, "error", *_UNTOLD, time.perf_counter() - begun)
        self._throttle.succeeded()
        self._replies += 1
        self._day_refusals = 0
        self._deadline.took(done.seconds)
        self._generated.add(done.seconds)
        prompted = done.prompt_tokens or 0
        self._prompted += prompted
        self._uncounted += prompted if done.cached_tokens is None else 0
        self._cached += done.cached_tokens or 0
        self._output += done.output_tokens or 0
        self._unknown_in += done.prompt_tokens is None
        self._unknown_out += done.output_tokens is None
        return done

    async def _create(self, prompt: Prompt) -> tuple[Any, dict[str, Any]]:
        """Request a completion, again without each parameter that the endpoint refuses.

        Returns it and the request that brought it.
        """
        while True:
            fields = self._requests.fields(prompt)
            try:
                reply = await self._client.chat.completions.create(**fields)
                raise_error_within(reply, self._endpoint.base_url)
            except self._errors.APIStatusError as fault:
                if not self._requests.learn(fault, fields):
                    raise
            else:
                return reply, fields

    async def _sleep(self, seconds: float) -> None:
        """Sleep, until the model is closed at most. Raises _PostponedError for `postpone`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        if self._ended.is_set() and not self._closed:
            raise _PostponedError


def _obeyed(request: Mapping[str, Any], prompt: Prompt, done: Completion) -> bool:
    """Whether a reply was constrained: the request said so, and the endpoint did not ignore it."""
    if prompt.pattern is None or "structured_outputs" not in request.get("extra_body", {}):
        return False
    text = without_reasoning(done).text
    return done.finish == "length" or re.fullmatch(prompt.pattern, text.strip()) is not None


def _malformed(fault: Exception) -> str:
    """Say in one line what is wrong with an answer that is no reply."""
    if isinstance(fault, json.JSONDecodeError):
        return f"the endpoint's answer is no JSON: {fault}"
    return str(fault) if isinstance(fault, NoReplyError) else reason(fault)


def _fault(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
