"""Repeats calls of a run and counts how many replies come out the same."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple, TypeAlias

from simnet import draws
from simnet.agents.person_turn import PersonPrompt
from simnet.agents.profile import AgentProfile
from simnet.agents.prompting.fitting import Failure
from simnet.clock import Seconds
from simnet.inference.model import Completion, Prompt
from simnet.inference.replies.reasoning import without_reasoning
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.run import Run
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replayer import Replayer
from simnet.runtime.agent_factory import profile_lookup
from simnet.world.state.posts import View

Generate: TypeAlias = Callable[[Sequence[Prompt]], AsyncIterator[list[tuple[int, Completion]]]]


class Asked(NamedTuple):
    """A recorded call, with the prompt rebuilt for it."""

    who: str
    turn: int
    call: int
    prompt: Prompt
    reply: Completion
    model: str | None = None
    """The name that its cohort gave the model at the time."""


class Resampled(NamedTuple):
    """How many replies came out the same."""

    asked: int
    same: int
    differing: tuple[tuple[Asked, Completion], ...]

    def plus(self, other: "Resampled") -> "Resampled":
        """Return the sum of two results."""
        differing = self.differing + other.differing
        return Resampled(self.asked + other.asked, self.same + other.same, differing)

    @property
    def level(self) -> str:
        """What the result shows of the determinism of the run."""
        if self.asked and self.same == self.asked:
            return "the model said the same each time"
        return "recorded replay only: the model is not a function of the prompt"


def pick(run: Run, timeline: ScenarioTimeline, count: int, seed: int = 0) -> list[Asked]:
    """Replay the run and pick `count` of its calls at random, with their prompts."""
    profile_of = profile_lookup(timeline.start, timeline.switches)
    sample = _ReservoirSample(Recorded.load(run), profile_of, count, seed)
    for _ in Replayer(timeline, sample, run):
        pass
    return sample.picked()


async def ask_again(generate: Generate, picked: Sequence[Asked]) -> Resampled:
    """Send the prompts again, all at once, and compare the texts and finish reasons.

    `generate` is that method of a Model.
    """
    differing = []
    async for finished in generate([one.prompt for one in picked]):
        for position, reply in finished:
            done = without_reasoning(reply)
            was = picked[position].reply
            if (done.text, done.finish) != (was.text, was.finish):
                differing.append((picked[position], done))
    return Resampled(len(picked), len(picked) - len(differing), tuple(differing))


class _ReservoirSample:
    """Passes replies on and keeps the calls with the `count` smallest random numbers."""

    def __init__(
        self,
        recorded: Recorded,
        profile_of: Callable[[str, Seconds], AgentProfile],
        count: int,
        seed: int,
    ) -> None:
        self._recorded = recorded
        self._profile_of = profile_of
        self._count = count
        self._seed = seed
        self._kept: list[tuple[int, Asked]] = []

    def find(self, view: View, call: int, prompt: Prompt) -> Completion | None:
        reply = self._recorded.find(view, call, prompt)
        asked_model = not isinstance(prompt, PersonPrompt)
        if reply is not None and reply.usable and asked_model:
            model = self._profile_of(view.who, view.now).model
            picked = Asked(view.who, view.turn, call, prompt, reply, model)
            priority = draws.bits(self._seed, "resample", view.who, view.turn, call)
            self._kept.append((priority, picked))
            if len(self._kept) > 2 * self._count:
                self._shorten()
        return reply

    def prompt_digest(self, view: View, call: int) -> str | None:
        return self._recorded.prompt_digest(view, call)

    def failure(self, view: View) -> Failure | None:
        return self._recorded.failure(view)

    def asked_person(self, view: View) -> bool | None:
        return self._recorded.asked_person(view)

    def picked(self) -> list[Asked]:
        """Return the picked calls."""
        self._shorten()
        return [picked for _, picked in self._kept]

    def _shorten(self) -> None:
        self._kept.sort(key=lambda entry: entry[0])
        del self._kept[self._count :]
