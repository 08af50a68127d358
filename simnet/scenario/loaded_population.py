"""A population out of a file: personas, whom they follow, what they said, and when they wake."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from simnet.clock import DAY
from simnet.foundation.arguments import checked
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.personas.sources import read_people, warn_of
from simnet.personas.sources.people.activity import Activity
from simnet.scenario.cohort import Cohort, Cue
from simnet.scenario.networks.files import FileTies
from simnet.scenario.original_ids import Roster
from simnet.scenario.timing.by_persona import ByPersona
from simnet.scenario.timing.diurnal import Diurnal
from simnet.scenario.timing.rhythms import Exponential, Never, Rhythm
from simnet.world.verbs import Write

WAKES = 6.0
"""Wakes a day, on average over a population, where a file has only weights."""


@checked
@dataclass(frozen=True)
class LoadedPopulation:
    """People out of a file, and what the file says of them besides who they are.

    Its parts are those of a scenario:

        town = load_population("profiles.csv")
        people = Cohort("people", town.personas, rhythm=town.rhythm)
        Scenario("town", [people], town.first_posts, ties=town.ties)
    """

    personas: Sequence[Persona]
    """The people, in the order of the file."""
    ties: Sequence[tuple[str, str]] = ()
    """Who follows whom: pairs (follower, followee) of handles, each once."""
    first_posts: Sequence[Cue] = ()
    """What they posted before: cues at time 0, in the order of the file."""
    rhythms: Mapping[str, Rhythm] = field(default_factory=dict)
    """When somebody wakes, by handle, for those of whom the file says so."""
    source: Source | None = None
    """Where they come from; a persona's own `source` may name another."""
    skipped: Sequence[tuple[str, str]] = ()
    """What could not be read, each with its place and the reason; empty unless `skip_bad`."""

    @property
    def rhythm(self) -> Rhythm:
        """The rhythm of a cohort of them: each wakes by their own, others at random."""
        return ByPersona(self.rhythms) if self.rhythms else Exponential()

    def among(self, people: Collection[Persona]) -> "LoadedPopulation":
        """Return what is about some of them alone, such as those of one study."""
        handles = {persona.id for persona in people}
        return replace(
            self,
            personas=[one for one in self.personas if one.id in handles],
            ties=[tie for tie in self.ties if handles.issuperset(tie)],
            first_posts=[cue for cue in self.first_posts if cue.who in handles],
            rhythms={who: one for who, one in self.rhythms.items() if who in handles},
        )


@checked
def load_population(
    path: str | Path,
    format: str | None = None,
    limit: int | None = None,
    *,
    ties: str | Path | None = None,
    config: str | Path | None = None,
    map: Mapping[str, str] | None = None,
    skip_bad: bool = False,
    licence: str | None = None,
    revision: str | None = None,
) -> LoadedPopulation:
    """Read personas with their ties, first posts and rhythms.

    Takes what `load_personas` takes. `ties` is a file of pairs that `networks.edges` reads, such
    as YSimulator's `network.csv`; `config` is MiroFish's `simulation_config.json`.

    - Ties are the positions in OASIS's `following_agentid_list`, and the handles, original ids or
      names in a list `following` or `follows` of any other file.
    - First posts are the texts of a list `previous_tweets`, `previous_posts` or `first_posts`.
    - A rhythm is a Diurnal with weights of 24 hours: of MiroFish's `active_hours`,
      `posts_per_hour` and `comments_per_hour`; of OASIS's `active_threshold`, a chance for each
      hour; of OASIS's `activity_level_frequency`, weights that are scaled to six wakes a day on
      average over all who have them; of YSimulator's `daily_activity_level`, wakes a day.

    Raises PersonaError, which lists the first ten rows that cannot be read and names of people who
    are not in the file, with file, place and field; InputError for a file of ties.
    """
    people = read_people(
        path,
        format,
        limit,
        map=map,
        skip_bad=skip_bad,
        licence=licence,
        revision=revision,
        config=config,
    )
    warn_of(path, people.skipped)
    pairs = [*people.relations.ties, *([] if ties is None else _pairs(Path(ties), people.personas))]
    return LoadedPopulation(
        people.personas,
        list(dict.fromkeys(pairs)),
        [Cue(0, author, Write(text)) for author, text in people.relations.posts],
        _rhythms(people.activity),
        people.source,
        people.skipped,
    )


def _pairs(file: Path, personas: Sequence[Persona]) -> list[tuple[str, str]]:
    handles = [one.id for one in personas]
    followers, followees = FileTies(file)(Roster(handles, [Cohort("all", personas)]), 0)
    return [
        (handles[who], handles[whom])
        for who, whom in zip(followers.tolist(), followees.tolist(), strict=True)
        if who != whom
    ]


def _rhythms(activity: Mapping[str, Activity]) -> dict[str, Rhythm]:
    """Make a rhythm of each activity; equal ones are one value."""
    weights = [sum(one.hours) for one in activity.values() if one.relative]
    scale = WAKES * len(weights) / sum(weights) if any(weights) else 0.0
    made: dict[Activity, Rhythm] = {}
    for one in activity.values():
        if one not in made:
            made[one] = _rhythm(one.hours, scale if one.relative else 1.0)
    return {who: made[one] for who, one in activity.items()}


def _rhythm(hours: Sequence[float], scale: float) -> Rhythm:
    wakes = sum(hours) * scale
    return Diurnal(DAY / wakes, profile=hours) if wakes > 0 else Never()
