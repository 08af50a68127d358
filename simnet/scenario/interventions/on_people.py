"""Interventions that change with what people think: news, manner, adapter, memory and feed."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from simnet.foundation.arguments import checked
from simnet.foundation.code_names import describe
from simnet.inference.engine.lora_folders import NO_ADAPTER, is_adapter
from simnet.scenario.interventions.directory import Names
from simnet.scenario.interventions.intervention import Intervention, Stage, Step
from simnet.world.actions import Effect
from simnet.world.feeds.feed import Feed
from simnet.world.feeds.rankings import Ranking
from simnet.world.state.viewer_changes import MemoryChange


@checked
@dataclass(frozen=True)
class GiveNews(Intervention):
    """Show a text to some people alone, once, in the next prompt of each."""

    verb: ClassVar[str] = "give_news"
    who: Names
    """Handles, or names of cohorts."""
    text: str
    """What they are told."""

    def __post_init__(self) -> None:
        self.check(bool(self.text.strip()), "the text is empty; write something")

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Keep the text until each of them looks."""
        for target in stage.directory.targets(self.who):
            stage.give_news(target, self.text)
            yield Step(Effect(whom=target.whom, text=self.text), target.cohort)


@checked
@dataclass(frozen=True)
class SetManner(Intervention):
    """Change how people act and speak: the cohort's `manner` in their prompts."""

    verb: ClassVar[str] = "set_manner"
    lasting: ClassVar[bool] = True
    who: Names
    """Handles, or names of cohorts."""
    manner: str

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Change it from their next turns on."""
        for target in stage.directory.targets(self.who):
            stage.set_profile(target, "manner", self.manner)
            yield Step(Effect(whom=target.whom, text=self.manner), target.cohort)


@checked
@dataclass(frozen=True)
class SetAdapter(Intervention):
    """Change the LoRA adapter with which people speak: its name or folder; None for none."""

    verb: ClassVar[str] = "set_adapter"
    lasting: ClassVar[bool] = True
    who: Names
    """Handles, or names of cohorts."""
    adapter: str | Path | None
    """Name or folder; None is the model alone."""
    adapter_folder: str | None = field(default=None, repr=False)
    """Folder of the adapter, for models that are loaded here; None if the run names it."""

    def __post_init__(self) -> None:
        if self.adapter is None or (isinstance(self.adapter, str) and not is_adapter(self.adapter)):
            return
        folder = Path(self.adapter).expanduser().resolve()
        self.check(is_adapter(folder), f"{self.adapter} {NO_ADAPTER}")
        object.__setattr__(self, "adapter", folder.name)
        object.__setattr__(self, "adapter_folder", str(folder))

    @property
    def adapter_name(self) -> str | None:
        """Name of the adapter; None for none."""
        return None if self.adapter is None else str(self.adapter)

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Change it from their next turns on."""
        values = {"adapter": self.adapter_name}
        for target in stage.directory.targets(self.who):
            stage.set_profile(target, "adapter", self.adapter_name)
            yield Step(Effect(whom=target.whom), target.cohort, None, values)


@checked
@dataclass(frozen=True)
class Remember(Intervention):
    """Add a memory to those of some people, in a sentence that begins as a memory does.

    Like `the mayor lied to you once`. An integer `memory` keeps it until it is forgotten; a Recall
    keeps its first 160 characters, with the highest importance.
    """

    verb: ClassVar[str] = "remember"
    who: Names
    """Handles, or names of cohorts."""
    text: str
    """The sentence."""

    def __post_init__(self) -> None:
        self.check(bool(self.text.strip()), "the text is empty; write something")

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Add it before their next turns."""
        for target in stage.directory.targets(self.who):
            stage.change_memory(target, MemoryChange(adds=True, text=self.text))
            yield Step(Effect(whom=target.whom, text=self.text), target.cohort)


@checked
@dataclass(frozen=True)
class Forget(Intervention):
    """Remove memories of some people: those that hold the words `about`, or all."""

    verb: ClassVar[str] = "forget"
    who: Names
    """Handles, or names of cohorts."""
    about: str = ""

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Remove them before their next turns."""
        for target in stage.directory.targets(self.who):
            stage.change_memory(target, MemoryChange(adds=False, text=self.about))
            yield Step(Effect(whom=target.whom, text=self.about), target.cohort)


@checked
@dataclass(frozen=True)
class SetFeed(Intervention):
    """Make the feed of cohorts in another way."""

    verb: ClassVar[str] = "set_feed"
    lasting: ClassVar[bool] = True
    names_cohorts_only: ClassVar[bool] = True
    who: Names
    """Names of cohorts."""
    feed: Feed
    """The feed from then on."""

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Use the other feed from the next look on."""
        values = {"feed": describe(self.feed)}
        for target in stage.directory.targets(self.who):
            stage.set_feed(target.cohort, self.feed)
            yield Step(Effect(), target.cohort, None, values)


@checked
@dataclass(frozen=True)
class SetRanking(Intervention):
    """Rank the feed of cohorts in another way; the rest of the feed stays as it is."""

    verb: ClassVar[str] = "set_ranking"
    lasting: ClassVar[bool] = True
    names_cohorts_only: ClassVar[bool] = True
    who: Names
    """Names of cohorts."""
    ranking: Ranking
    """The ranking from then on."""

    def steps(self, stage: Stage) -> Iterator[Step]:
        """Rank in the other way from the next look on."""
        values = {"ranking": describe(self.ranking)}
        for target in stage.directory.targets(self.who):
            feed = replace(stage.feed(target.cohort), ranking=self.ranking)
            stage.set_feed(target.cohort, feed)
            yield Step(Effect(), target.cohort, None, values)
