"""What simnet asks of a language model: prompts in, completions out.

A model knows nothing of simulations. It is handed lists, because every hop in
simnet carries lists, and hands back each completion as soon as it is there, so
that no prompt waits for the slowest of its batch.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One request. The model sees `system`, then `user`, and its reply matches `pattern`."""

    system: str
    """What many prompts share comes first, so that its prefix is cached."""
    user: str
    """What is new; holds text that other agents wrote, hence untrusted."""
    pattern: str | None = None
    """Regular expression the whole reply must match; None leaves it free."""
    seed: int = 0
    temperature: float = 0.8
    max_tokens: int = 128
    adapter: str | None = None
    """Name of a LoRA adapter the model serves."""
    ids: tuple[int, ...] | None = None
    """Token ids of the whole chat, where the caller has encoded it already."""
    priority: int = 0
    """Lower goes first where prompts have to wait; decides nothing about the reply."""
    asker: str = field(default="", compare=False)
    """Whose prompts share what a cache keeps: where a model has replicas, the same one gets
    them. Decides nothing about the reply, and stays in the process that routes the prompt."""

    def digest(self) -> str:
        """Hash all that decides the reply except the model: 32 hexadecimal digits."""
        # The lengths keep the fields apart, whatever is written in them.
        told = (
            f"{len(self.system)} {len(self.user)} {self.system}{self.user}{self.pattern!r}"
            f" {self.seed} {self.temperature} {self.max_tokens} {self.adapter!r}"
        )
        return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def __reduce__(self) -> tuple[object, ...]:
        # A frozen dataclass with slots pickles field by field in Python; prompts cross
        # processes by the million.
        return _unpacked, (
            *(self.system, self.user, self.pattern, self.seed, self.temperature),
            *(self.max_tokens, self.adapter, self.ids, self.priority),
        )


def _unpacked(
    system: str,
    user: str,
    pattern: str | None,
    seed: int,
    temperature: float,
    max_tokens: int,
    adapter: str | None,
    ids: tuple[int, ...] | None,
    priority: int,
) -> Prompt:
    return Prompt(
        system=system,
        user=user,
        pattern=pattern,
        seed=seed,
        temperature=temperature,
        max_tokens=max_tokens,
        adapter=adapter,
        ids=ids,
        priority=priority,
    )


USABLE = frozenset({"stop", "length", "repetition"})
"""Values of `Completion.finish` that come with a reply."""


class Completion(NamedTuple):
    """What a model replied, and what it cost. Failures are completions too: see `finish`."""

    text: str
    finish: str = "stop"
    """stop | length | abort | repetition | deadline | error; all but the first two and
    `repetition` mean that there is no usable reply, and `text` then says why."""
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    """Wall time from admission to the last token."""

    @property
    def usable(self) -> bool:
        """Whether there is a reply to parse."""
        return self.finish in USABLE


class Model(Protocol):
    """Anything that completes prompts."""

    name: str

    def generate(self, prompts: Sequence[Prompt]) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield lists of (position in `prompts`, completion) as they finish, each position once.

        Never raises for a single prompt: that is a completion whose `finish` says so.
        Raises RunError when the model as a whole is gone.
        """
        ...

    async def close(self) -> None:
        """Free what the model holds; idempotent."""
        ...


class Call(NamedTuple):
    """One model call. Its fields are the columns of `calls`, which has the hash of `system`."""

    at: float
    """Simulated time at which the agent woke, seconds."""
    who: str
    turn: int
    call: int
    """(who, turn, call) is the key: asked again after a crash, a call keeps it."""
    model: str
    adapter: str | None
    seed: int
    prompt_hash: str
    system: str
    user: str
    pattern: str | None
    completion: str
    finish: str
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    seconds: float
