"""A model that serves recorded replies, found by the digest of the prompt.

A run that is resumed or replayed does not use it: it finds its replies by agent, turn and call,
and stops at a prompt that differs from the recorded one. This model is for prompts outside of a
run, and for other scenarios that have some prompts in common with a recorded one.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Self

from simnet.inference.model import (
    RECORDED_FIELDS,
    Call,
    Completion,
    Model,
    Prompt,
    closed_model,
)


class ReplayModel:
    """Serves recorded completions by the digest of the prompt, which includes its seed.

    A prompt that was not recorded goes to the model `behind`; without one, its completion
    finishes with `error`.
    """

    def __init__(
        self,
        replies: Mapping[str, Completion],
        behind: Model | None = None,
        *,
        name: str = "replay",
    ) -> None:
        self.name = name if behind is None else behind.name
        self._replies = replies
        self._behind = behind
        self._closed = False

    @classmethod
    def of(cls, calls: Iterable[Call], behind: Model | None = None) -> Self:
        """Take the replies of recorded calls; of equal prompts, the reply to the first."""
        replies: dict[str, Completion] = {}
        for call in calls:
            fields = (call.completion, *(getattr(call, name) for name in RECORDED_FIELDS[1:]))
            replies.setdefault(call.prompt_hash, Completion(*fields))
        return cls(replies, behind)

    async def generate(
        self, prompts: Sequence[Prompt]
    ) -> AsyncIterator[list[tuple[int, Completion]]]:
        """Yield all recorded completions in one list, then the others as they finish."""
        if self._closed:
            raise closed_model(self.name)
        found = [self._replies.get(prompt.digest()) for prompt in prompts]
        recorded = [(at, done) for at, done in enumerate(found) if done is not None]
        if recorded:
            yield recorded
        left = [at for at, done in enumerate(found) if done is None]
        if not left:
            return
        if self._behind is None:
            yield [(at, Completion("no reply to this prompt is recorded", "error")) for at in left]
            return
        async for finished in self._behind.generate([prompts[at] for at in left]):
            yield [(left[at], done) for at, done in finished]

    async def close(self) -> None:
        """Refuse further prompts and close the model behind."""
        self._closed = True
        if self._behind is not None:
            await self._behind.close()
