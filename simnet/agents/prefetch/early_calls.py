"""Early completions of one model, which serve a later request that is exactly equal.

A request is served if everything is equal on which its reply depends: both texts, the pattern,
seed, temperature, length and adapter. So which requests were made early changes no reply of a
model that is a function of them. A completion without a reply, such as one that missed its
deadline, serves nobody: the request is made again.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterable, Sequence
from typing import NamedTuple

from simnet.agents.model_faults import is_cancelled
from simnet.agents.model_handle import ModelHandle
from simnet.errors import RunError
from simnet.inference.model import Completion, Model, Prompt


class EarlyCost(NamedTuple):
    """What early calls cost, and what of it was used."""

    calls: int = 0
    """Calls that were begun early."""
    prompt_tokens: int = 0
    output_tokens: int = 0
    unknown: int = 0
    """Calls that served no turn and whose tokens are not known: the model does not tell, they were
    aborted, or are under way. It is negative where more that were counted before are known now."""
    hits: int = 0
    """Calls whose completion served a turn."""
    hit_prompt_tokens: int = 0
    hit_output_tokens: int = 0


def request_of(prompt: Prompt) -> Hashable:
    """Return all on which the reply to a prompt depends, besides the model."""
    return (
        prompt.system,
        prompt.user,
        prompt.pattern,
        prompt.seed,
        prompt.temperature,
        prompt.max_tokens,
        prompt.adapter,
        prompt.labels,
    )


class EarlyCall:
    """One call that was begun early."""

    task: "asyncio.Task[Completion | None]"

    def __init__(self, request: Hashable) -> None:
        self.request = request
        self.wanted = False
        """Whether a turn that has begun waits for it, so that it is not early any more."""

    @property
    def completion(self) -> Completion | None:
        """Its reply; None while there is none, or if it failed."""
        if not self.task.done() or self.task.cancelled():
            return None
        return self.task.result()

    @property
    def failed(self) -> bool:
        """Whether it has ended without a reply."""
        return self.task.done() and self.completion is None


class EarlyCalls:
    """A model whose requests may have been made before; without early calls it is the model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name = model.name
        self._calls: dict[Hashable, EarlyCall] = {}
        self._begun = self._hits = self._unknown = 0
        self._tokens = [0, 0]
        self._hit_tokens = [0, 0]

    # -- early ------------------------------------------------------------------------

    def begin(self, prompt: Prompt) -> EarlyCall:
        """Make a call early, unless an equal one was made; call it in a running event loop."""
        request = request_of(prompt)
        call = self._calls.get(request)
        if call is None:
            call = self._calls[request] = EarlyCall(request)
            call.task = asyncio.create_task(self._completed(prompt))
        return call

    def holds(self, prompt: Prompt) -> bool:
        """Whether an equal call was made early and has not failed."""
        call = self._calls.get(request_of(prompt)) if self._calls else None
        return call is not None and not call.failed

    def drop(self, call: EarlyCall) -> None:
        """Forget a call that nobody can need any more; it is aborted if it is under way."""
        if call.wanted or self._calls.get(call.request) is not call:
            return
        del self._calls[call.request]
        call.task.cancel()

    def take_cost(self) -> EarlyCost:
        """Return what early calls cost since the last time."""
        made, used = self._tokens, self._hit_tokens
        cost = EarlyCost(self._begun, made[0], made[1], self._unknown, self._hits, used[0], used[1])
        self._begun = self._hits = self._unknown = 0
        self._tokens, self._hit_tokens = [0, 0], [0, 0]
        return cost

    async def _completed(self, prompt: Prompt) -> Completion | None:
        """Complete a prompt; None without a reply. The turn that needs it asks again then."""
        self._begun += 1
        self._unknown += 1  # until it has ended, and for good if it is aborted
        completion: Completion | None = None
        try:
            async for finished in self._model.generate([prompt]):
                completion = finished[0][1]
            if completion is not None and _tells(completion):
                self._tokens[0] += completion.prompt_tokens or 0
                self._tokens[1] += completion.output_tokens or 0
                self._unknown -= 1
        except BaseException as error:  # what is wrong, the turn that needs it will find
            if is_cancelled(error):
                raise
            return None
        return completion if completion is not None and completion.usable else None

    # -- in time ----------------------------------------------------------------------

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield early completions of equal requests, and what the model yields for the others."""
        early = self._found(prompts) if self._calls else {}
        if not early:
            async for finished in self._model.generate(prompts):
                yield finished
            return
        ready = [(at, self._hit(call)) for at, call in early.items() if call.completion is not None]
        if ready:
            yield ready
        served = {at for at, _ in ready}
        late = {at: call for at, call in early.items() if at not in served}
        left = [at for at in range(len(prompts)) if at not in early]
        async for finished in self._merged(prompts, late, left):
            yield finished

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()

    def _found(self, prompts: Sequence[Prompt]) -> dict[int, EarlyCall]:
        found: dict[int, EarlyCall] = {}
        for at, prompt in enumerate(prompts):
            call = self._calls.pop(request_of(prompt), None)
            if call is not None and not call.failed:
                call.wanted = True
                found[at] = call
        return found

    def _hit(self, call: EarlyCall) -> Completion:
        completion = call.completion
        assert completion is not None
        self._hits += 1
        if not _tells(completion):
            self._unknown -= 1  # the turn counts it
            return completion
        self._hit_tokens[0] += completion.prompt_tokens or 0
        self._hit_tokens[1] += completion.output_tokens or 0
        return completion

    async def _merged(
        self, prompts: Sequence[Prompt], late: dict[int, EarlyCall], left: Sequence[int]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield the completions of calls under way, and of those that were not made early."""
        arrived: asyncio.Queue[list[tuple[int, Completion]] | BaseException] = asyncio.Queue()
        tasks = [asyncio.create_task(self._wait(prompts, at, late[at], arrived)) for at in late]
        tasks.append(asyncio.create_task(self._ask(prompts, left, arrived)))
        count = len(late) + len(left)
        try:
            while count:
                finished = await arrived.get()
                if isinstance(finished, BaseException):
                    raise finished
                count -= len(finished)
                yield finished
        finally:
            for task in tasks:
                task.cancel()
            for call in late.values():
                call.task.cancel()

    async def _wait(
        self,
        prompts: Sequence[Prompt],
        at: int,
        call: EarlyCall,
        arrived: "asyncio.Queue[list[tuple[int, Completion]] | BaseException]",
    ) -> None:
        await asyncio.wait([call.task])
        if call.completion is None:
            await self._ask(prompts, [at], arrived)
        else:
            arrived.put_nowait([(at, self._hit(call))])

    async def _ask(
        self,
        prompts: Sequence[Prompt],
        places: Sequence[int],
        arrived: "asyncio.Queue[list[tuple[int, Completion]] | BaseException]",
    ) -> None:
        """Ask the model for the prompts at some places; an error goes into `arrived`."""
        if not places:
            return
        missing = set(places)
        try:
            async for finished in self._model.generate([prompts[at] for at in places]):
                done = [(places[position], completion) for position, completion in finished]
                missing -= {at for at, _ in done}
                arrived.put_nowait(done)
            if missing:
                text = f"the model {self.name!r} left {len(missing)} prompts unanswered"
                arrived.put_nowait(RunError(text))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  (raised by `_merged`, which waits)
            arrived.put_nowait(error)


def _tells(completion: Completion) -> bool:
    return None not in {completion.prompt_tokens, completion.output_tokens}


def with_early_calls(handle: ModelHandle) -> ModelHandle:
    """Return a handle whose calls may be made early."""
    return handle._replace(model=EarlyCalls(handle.model))


def cost_of(models: Iterable[Model]) -> EarlyCost:
    """Sum up what early calls of models cost since the last time."""
    costs = [model.take_cost() for model in models if isinstance(model, EarlyCalls)]
    return EarlyCost(*map(sum, zip(*costs, strict=True))) if costs else EarlyCost()
