"""The interface of language models: prompts in, completions out.

A model knows nothing of simulations. It takes lists of prompts, since a call between processes
costs about the same for one as for many, and yields each completion as soon as it is finished,
so that no prompt waits for the slowest of its list.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple, Protocol, runtime_checkable

from simnet.errors import RunError


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One request. The model sees `system`, then `user`, and its reply matches `pattern`."""

    system: str
    """What many prompts share comes first, for the prefix cache."""
    user: str
    """What is new to the agent. Contains text of other agents, hence untrusted."""
    pattern: str | None = None
    """Regular expression the whole reply must match; None leaves it free."""
    seed: int = 0
    """Seed of the sampling."""
    temperature: float = 0.8
    """Of the sampling; 0 always takes the likeliest token."""
    max_tokens: int = 128
    """Tokens that a reply may have, reasoning included."""
    adapter: str | None = None
    """Name of a LoRA adapter the model serves."""
    ids: tuple[int, ...] | None = None
    """Token ids of the whole chat, where the caller has encoded it already."""
    priority: int = 0
    """Order of admission, lower first. Does not affect the reply."""
    routing_key: str = field(default="", compare=False)
    """Prompts with the same key go to the same replica, so they share its prefix cache.

    Does not affect the reply, and is not sent to other processes.
    """

    labels: tuple[str, ...] = field(default=(), compare=False)
    """Replies whose probabilities are wanted, in the completion. Does not affect the reply."""

    def digest(self) -> str:
        """Hash what the reply depends on, except the model: 32 hexadecimal digits."""
        # The lengths keep `system` and `user` apart, whatever they contain.
        text = (
            f"{len(self.system)} {len(self.user)} {self.system}{self.user}{self.pattern!r}"
            f" {self.seed} {self.temperature} {self.max_tokens} {self.adapter!r}"
        )
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def __reduce__(self) -> tuple[object, ...]:
        # Hot: prompts are sent to other processes by the million, and a frozen dataclass with
        # slots would be pickled field by field in Python.
        return _unpacked, (
            self.system,
            self.user,
            self.pattern,
            self.seed,
            self.temperature,
            self.max_tokens,
            self.adapter,
            self.ids,
            self.priority,
            self.labels,
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
    labels: tuple[str, ...],
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
        labels=labels,
    )


HUMAN = "human"
"""The name of the model of calls that a person was asked to answer."""
USABLE = frozenset({"stop", "length", "repetition"})
"""Values of `Completion.finish` with which `text` is a reply."""


POSTPONED = "postponed"
"""`Completion.finish` of a prompt that was not sent, as the run stops: its turn is left for a
resume, and the call is not recorded."""


class Completion(NamedTuple):
    """A reply of a model and its cost, or a failure: see `finish`."""

    text: str
    """The reply, or why there is none."""
    finish: str = "stop"
    """stop | length | repetition, with a reply in `text`; abort | deadline | error | postponed,
    with the reason why there is none."""
    prompt_tokens: int | None = 0
    """Tokens of the prompt; None if the model does not tell, as with the two counts below."""
    cached_tokens: int | None = 0
    """Prompt tokens that were in the model's prefix cache; None if it does not tell."""
    output_tokens: int | None = 0
    """Tokens of the reply, reasoning included; None if it does not tell."""
    seconds: float = 0.0
    """Wall time from admission to the last token."""
    reasoning: str | None = None
    """What the model wrote before its reply, such as the inside of `<think>`; it is not in `text`.
    None if there is none."""
    constrained: bool | None = False
    """Whether the reply was generated under the prompt's pattern, so it is read strictly; a free
    reply is read leniently. None: recorded by a version that read all replies strictly."""

    probabilities: tuple[float, ...] | None = None
    """How probable the model found each of the prompt's labels, normalised over them; None if it
    does not tell. Not recorded with the calls of a run."""

    @property
    def reasoning_only(self) -> bool:
        """Whether the model was still reasoning when it ended, so there is no reply."""
        return self.reasoning is not None and not self.text.strip()

    @property
    def usable(self) -> bool:
        """Whether there is a reply to parse."""
        return self.finish in USABLE


RECORDED_FIELDS = (
    "text",
    "finish",
    "prompt_tokens",
    "cached_tokens",
    "output_tokens",
    "seconds",
    "reasoning",
    "constrained",
)
"""Fields of a completion that a recorded call has; its `completion` is the text."""


class Model(Protocol):
    """Anything that completes prompts."""

    name: str
    """What the record calls it."""

    def generate(self, prompts: Sequence[Prompt]) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield lists of (position in `prompts`, completion) as they finish, each position once.

        Never raises for a single prompt: that is a completion whose `finish` says so.
        Raises RunError when the model as a whole is gone.
        """
        ...

    async def close(self) -> None:
        """Free the model's resources; idempotent."""
        ...


@runtime_checkable
class Postponing(Protocol):
    """A model whose prompts may wait for hours until they are sent."""

    def postpone(self) -> None:
        """Send no more prompts, as the run stops: those that wait are `POSTPONED` at once."""
        ...


def closed_model(name: str) -> RunError:
    """Return the error of a model that is asked after its `close`, as in a second run."""
    return RunError(
        f"the model {name!r} is closed: a run closes its model at its end, so make one for each run"
    )


class Call(NamedTuple):
    """One model call. Its fields are the columns of `calls`, which has the hash of `system`."""

    time: float
    """Simulated time at which the agent woke, seconds."""
    who: str
    """Handle of the persona that asked."""
    turn: int
    """Number of the persona's turn; negative for its answers to a survey: -1 to the run's first."""
    call: int
    """(who, turn, call) is the key; a call that is repeated after a crash has the same key."""
    model: str
    """Name of the model."""
    adapter: str | None
    """Name of the LoRA adapter; null without one."""
    seed: int
    """Seed of the sampling."""
    prompt_hash: str
    """Hash of the prompt with its settings, which a replay compares."""
    system: str
    """The system message."""
    user: str
    """The user message."""
    pattern: str | None
    """The regular expression that the reply had to fit; null for a free reply."""
    completion: str
    """The reply; of a call that failed, the reason."""
    finish: str
    """stop | length (the limit of tokens) | repetition (ended because it repeated itself), with a
    reply; abort | deadline | error, without."""
    prompt_tokens: int | None
    """Null if the model does not tell."""
    cached_tokens: int | None
    """Prompt tokens that were in the model's prefix cache; null if it does not tell."""
    output_tokens: int | None
    """Null if the model does not tell."""
    seconds: float
    """Wall time from admission to the last token."""
    reasoning: str | None = None
    """What the model wrote before its reply; `completion` does not have it."""
    constrained: bool | None = None
    """Whether the reply was generated under `pattern`; null in runs recorded before version 3."""
