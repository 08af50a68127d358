"""A model as a host uses it: prompts out as it takes them, completions in, each once."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from simnet.agents.prompting.fitting import Encoder
from simnet.errors import RunError
from simnet.foundation.text import counted
from simnet.inference.model import Completion, Model, Prompt
from simnet.inference.replies.reasoning import without_reasoning


class ModelHandle(NamedTuple):
    """A model, and the encoder of its prompts where it takes token ids and no text."""

    model: Model
    encoder: Encoder | None = None


async def completions(
    model: Model, prompts: Sequence[Prompt]
) -> AsyncIterator[list[tuple[int, Completion]]]:
    """Yield what the model yields, with the reasoning in replies separated.

    Raises RunError unless each prompt is completed once.
    """
    if not prompts:
        return
    waiting = set(range(len(prompts)))
    async for finished in model.generate(prompts):
        for position, _ in finished:
            if position not in waiting:
                raise RunError(
                    f"the model {model.name!r} completed prompt {position} of "
                    f"{len(prompts)}, which is not waiting"
                )
            waiting.remove(position)
        yield [(position, without_reasoning(done)) for position, done in finished]
    if waiting:
        raise RunError(
            f"the model {model.name!r} completed {len(prompts) - len(waiting)} of "
            f"{counted(len(prompts), 'prompt')} and ended"
        )


def encoded(prompt: Prompt, handle: ModelHandle) -> Prompt:
    """Return the prompt as the model takes it: as token ids if the handle has an encoder."""
    if handle.encoder is None or prompt.ids is not None:
        return prompt
    return replace(prompt, ids=handle.encoder.encode(prompt.system, prompt.user))
