"""Deduplication of identical prompts."""

from collections.abc import Iterable, Sequence

from simnet.agents import reply_flags
from simnet.agents.turns import Inbox, Turn
from simnet.inference.model import Completion, Prompt

CACHED = 1024
"""Completions kept for turns that send the same prompt later; the oldest are dropped first."""


class PromptDeduplicator:
    """Calls the model once for identical prompts; every waiting turn receives the completion.

    Only turns marked `archetype` are deduplicated, so the others pay nothing for it. Turns that
    send the prompt while it is in flight receive the completion when it arrives; turns that
    send it later receive the cached completion, if it was usable.
    """

    def __init__(self) -> None:
        self._waiting: dict[Prompt, list[tuple[Turn, Inbox]]] = {}
        self._cached: dict[Prompt, Completion] = {}

    def split(self, turns: Sequence[Turn], inbox: Inbox) -> tuple[list[Turn], list[Prompt]]:
        """Return the turns whose prompts go to the model, and the prompts others may wait for.

        The remaining turns are answered now, from the cache, or by `settle`.
        """
        to_model: list[Turn] = []
        shareable: list[Prompt] = []
        cached: list[tuple[Turn, Completion]] = []
        for turn in turns:
            prompt = turn.prompt
            if prompt is None or not _is_shared(turn):
                to_model.append(turn)
            elif prompt in self._cached:
                cached.append((turn, self._cached[prompt]))
            elif prompt in self._waiting:
                self._waiting[prompt].append((turn, inbox))
            else:
                self._waiting[prompt] = []
                to_model.append(turn)
                shareable.append(prompt)
        _answer(cached, inbox)
        return to_model, shareable

    def answered(self, turn: Turn) -> Completion | None:
        """Return the completion that a turn would be answered with now, if there is one."""
        if turn.prompt is None or not _is_shared(turn):
            return None
        return self._cached.get(turn.prompt)

    def awaits(self, turn: Turn) -> bool:
        """Whether the completion that a turn would be answered with is under way."""
        return turn.prompt in self._waiting and _is_shared(turn)

    def settle(self, finished: Iterable[tuple[Turn, Completion]]) -> None:
        """Pass completions on to the turns that wait for the same prompts."""
        answered: dict[Inbox, list[tuple[Turn, Completion]]] = {}
        for turn, completion in finished:
            prompt = turn.prompt
            if prompt is None or prompt not in self._waiting:
                continue
            if completion.usable:
                self._cached[prompt] = completion
                if len(self._cached) > CACHED:
                    del self._cached[next(iter(self._cached))]
            for waiting, inbox in self._waiting.pop(prompt):
                answered.setdefault(inbox, []).append((waiting, completion))
        for inbox, answers in answered.items():
            _answer(answers, inbox)

    def give_up(self, prompts: Sequence[Prompt], error: Exception) -> None:
        """Raise `error` in every turn that still waits for one of these prompts."""
        for prompt in prompts:
            for _, inbox in self._waiting.pop(prompt, ()):
                inbox.put_nowait(error)


def _is_shared(turn: Turn) -> bool:
    return reply_flags.ARCHETYPE in turn.agent.marked


def _answer(answers: list[tuple[Turn, Completion]], inbox: Inbox) -> None:
    for turn, _ in answers:
        turn.shared = True
    if answers:
        inbox.put_nowait(answers)
