"""Ask whether notes that readers write and rate catch up with a rumour.

Two verbs that simnet does not have are written here, each with its rule. `note` puts a note
into the thread of a post; `rate` says whether a note helps. A note that two others find
helpful, more than find it unhelpful, is shown with the post from then on. No moderator is
involved. Both verbs are rows of the record like any other: the choice of `rate` is in the column
`text`, the note that it is about in `post`. A note is a reply by its `relation`, so it is shown
below its post and counts where replies count::

    simnet run scenarios/fact_check.py --backend fake
    simnet run scenarios/fact_check.py --set size=200 --set lasts=1d
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from simnet import (
    HOUR,
    MINUTE,
    Action,
    Cohort,
    Cue,
    Effect,
    Exponential,
    Feed,
    Like,
    Never,
    Pass,
    Persona,
    PostId,
    Reply,
    Repost,
    Scenario,
    Seconds,
    Text,
    WorldState,
    Write,
    sample,
)
from simnet.behaviours import Recall
from simnet.errors import ActionError
from simnet.feeds import everything
from simnet.verbs import Relation

RUMOUR = "They found lead in the tap water at the school. The council knows and says nothing!"
NOTES = "notes"
"""In `World.kept`: note -> the post it is about."""
RATINGS = "ratings"
"""In `World.kept`: note -> member -> whether they find it helpful."""
NEEDED = 2
"""How many more must find a note helpful than not, before it is shown."""


@dataclass(frozen=True, slots=True)
class Note(Action):
    """Add a note with facts that a misleading post leaves out."""

    verb: ClassVar[str] = "note"
    relation: ClassVar[Relation] = "reply"
    post: PostId
    text: Text

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Publish a note in the thread of a post, for others to rate."""
        post = world.visible_post(who, self.post)
        if post.id in world.kept[NOTES]:
            raise ActionError(f"post {post.id} is a note itself; rate it")
        if not self.text.strip():
            raise ActionError("there is no text")
        note = world.publish(who, self.text, now, parent=post)
        world.kept[NOTES][note.id] = post.id
        return Effect(post.id, note.id, note.root, post.author, text=self.text)


@dataclass(frozen=True, slots=True)
class Rate(Action):
    """Say whether a note on a post helps."""

    verb: ClassVar[str] = "rate"
    post: PostId
    verdict: Literal["helpful", "unhelpful"]

    def do(self, world: WorldState, who: int, now: Seconds) -> Effect:
        """Count a rating; show the note with its post once enough others find it helpful."""
        note = world.visible_post(who, self.post)
        if note.id not in world.kept[NOTES]:
            raise ActionError(f"post {note.id} is no note")
        if note.author_index == who:
            raise ActionError("that is your own note")
        ratings = world.kept[RATINGS].setdefault(note.id, {})
        if who in ratings:
            raise ActionError(f"you rated note {note.id} already")
        ratings[who] = self.verdict == "helpful"
        if 2 * sum(ratings.values()) - len(ratings) >= NEEDED:
            about = world.posts[world.kept[NOTES][note.id]]
            about.label = f"Readers added: {note.text}"
            about.changed()
        return Effect(note.id, root=note.root, whom=note.author)


def fact_check(size: int = 60, lasts: Seconds = 12 * HOUR, seed: int = 0) -> Scenario:
    """Let a rumour loose among gossips and a few people who check facts."""
    insider = Persona(id="plant_insider", description="Says he knows someone at the plant.")
    everyone = {"sources": 1.0, "gossips": 0.3, "checkers": 0.5}
    talk = (Write, Reply, Repost, Like, Pass)
    return Scenario(
        "fact-check",
        [
            Cohort("sources", [insider], rhythm=Never()),
            Cohort(
                "gossips",
                sample(size - size // 4, seed=seed, prefix="g_"),
                manner="You pass on what alarms you.",
                verbs=talk,
                follows=everyone,
            ),
            Cohort(
                "checkers",
                sample(size // 4, seed=seed, prefix="c_"),
                manner="You check what is claimed, and say so in notes that others can rely on.",
                verbs=(Note, Rate, *talk),
                rhythm=Exponential(20 * MINUTE),
                memory=Recall(tokens=100),
                feed=Feed(reads=everything),
            ),
        ],
        cues=[Cue(10 * MINUTE, insider.id, Write(RUMOUR))],
        lasts=lasts,
        seed=seed,
    )
