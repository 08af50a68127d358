"""Asks calls of a run once more: how much of it a model says again."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, TypeAlias

from simnet import draws
from simnet.agents.profile import AgentProfile
from simnet.clock import Seconds
from simnet.runs.replayer import Replayer
from simnet.runs.reload_scenario import ScenarioTimeline
from simnet.inference.model import Completion, Prompt
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.run import Run
from simnet.runtime.agent_factory import profile_lookup
from simnet.world.posts import View

Generate: TypeAlias = Callable[[Sequence[Prompt]], AsyncIterator[list[tuple[int, Completion]]]]


class Asked(NamedTuple):
    """A call of the record, with the prompt that was built again for it."""

    who: str
    turn: int
    call: int
    prompt: Prompt
    reply: Completion
    model: str | None = None
    """The name that its cohort gave the model then."""


class Resampled(NamedTuple):
    """How many calls came out the same."""

    asked: int
    same: int
    differing: tuple[tuple[Asked, Completion], ...]

    def plus(self, other: "Resampled") -> "Resampled":
        """Add what came of asking others."""
        differing = self.differing + other.differing
        return Resampled(self.asked + other.asked, self.same + other.same, differing)

    @property
    def level(self) -> str:
        """Name what that shows of the run's determinism."""
        if self.asked and self.same == self.asked:
            return "the model said the same each time"
        return "recorded replay only: the model is not a function of the prompt"


def pick(run: Run, timeline: ScenarioTimeline, count: int, seed: int = 0) -> list[Asked]:
    """Do the run again and pick out `count` of its calls at random, with their prompts."""
    minds = profile_lookup(timeline.start, timeline.changes)
    picking = _Picking(Recorded.load(run), minds, count, seed)
    for _ in Replayer(timeline, picking):
        pass
    return picking.picked()


async def ask_again(generate: Generate, picked: Sequence[Asked]) -> Resampled:
    """Ask the prompts again, all at once, and compare texts and how they ended.

    `generate` is that method of a Model.
    """
    differing = []
    async for finished in generate([one.prompt for one in picked]):
        for place, done in finished:
            was = picked[place].reply
            if (done.text, done.finish) != (was.text, was.finish):
                differing.append((picked[place], done))
    return Resampled(len(picked), len(picked) - len(differing), tuple(differing))


class _Picking:
    """Passes replies on and keeps those calls that have the smallest of random numbers."""

    def __init__(
        self, recorded: Recorded, minds: Callable[[str, Seconds], AgentProfile], count: int, seed: int
    ) -> None:
        self._recorded = recorded
        self._minds = minds
        self._count = count
        self._seed = seed
        self._kept: list[tuple[int, Asked]] = []

    def find(self, view: View, call: int, prompt: Prompt) -> Completion | None:
        reply = self._recorded.find(view, call, prompt)
        if reply is not None and reply.usable:
            model = self._minds(view.who, view.now).model
            asked = Asked(view.who, view.turn, call, prompt, reply, model)
            lot = draws.bits(self._seed, "resample", view.who, view.turn, call)
            self._kept.append((lot, asked))
            if len(self._kept) > 2 * self._count:
                self._shorten()
        return reply

    def prompt_digest(self, view: View, call: int) -> str | None:
        return self._recorded.prompt_digest(view, call)

    def picked(self) -> list[Asked]:
        """Return the calls that were picked."""
        self._shorten()
        return [asked for _, asked in self._kept]

    def _shorten(self) -> None:
        self._kept.sort(key=lambda one: one[0])
        del self._kept[self._count :]
