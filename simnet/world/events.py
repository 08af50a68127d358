"""Rows of what happened (events) and of what was shown (exposures)."""

from typing import NamedTuple

from simnet.clock import Seconds

DONE = "done"
REFUSED = "refused"
FAILED = "failed"
OUTSIDE = ""
"""The `who` of interventions and of checks: nobody in the world."""


class Event(NamedTuple):
    """One thing done, or not done and why. The fields are the columns of the `events` table.

    A turn that does several things has a row for each, numbered by `part`; the row with
    part 0 is the turn's one outcome. A cue has `cue` instead of `turn`; so has an intervention,
    whose `who` is empty, and a check of a measure, whose verb is `check`.
    """

    time: Seconds
    """Simulated time at which it was done."""
    woke: Seconds | None
    """Simulated time at which the persona had looked at the feed."""
    who: str
    """Handle of the persona; empty for an intervention and for a check."""
    cohort: str
    """The persona's cohort; empty if it has none."""
    turn: int | None
    """The persona's turn, from 0; null for what was not done in a turn."""
    cue: int | None
    """The number of the cue, from 0; null for a turn."""
    part: int
    """Place among what the turn did; the row with 0 is its outcome."""
    verb: str
    """The action's verb; `pass` when there was none."""
    outcome: str
    """done | refused (the world does not allow it) | failed (there was no usable reply)"""
    reason: str | None = None
    """Why it was refused or failed."""
    post: int | None = None
    """The post acted on: liked, replied to, removed."""
    made: int | None = None
    """The post this event made."""
    root: int | None = None
    """The post that began the thread of `post` or `made`."""
    whom: str | None = None
    """The member acted on: followed, blocked, messaged."""
    group_name: str | None = None
    """The group or the community."""
    text: str | None = None
    """What was said: a post, a message, a note, a search, a reason for a report."""
    extra: str | None = None
    """Fields of a custom verb that have no column, or what an intervention set, as JSON."""
    marks: tuple[str, ...] = ()
    """What is remarkable about the reply: at_limit, refusal, repeat (of an own text or
    one in view), near_repeat, repetition (within the text), empty, garbled, reasoning_only,
    reasoning (it came with some, which was taken off), surplus (it had more actions than
    count, or went on after its text); about who gave it: archetype (one answered for many
    alike), promoted (from rules to the model), human (a person took the turn); about how it
    came: resampled (asked again), trimmed (not all of `shown` fitted into the prompt), code_error
    (code of the scenario failed); about the cohort: alarm_refusals and other alarms of its texts
    that began at this turn. Flags of a `flagger` and marks of a behaviour stand beside them."""
    shown: tuple[int, ...] = ()
    """Posts that were in front of the persona, best first; on part 0 only."""


class Exposure(NamedTuple):
    """One post shown to one viewer. The fields are the columns of the `exposures` table."""

    time: Seconds
    """Simulated time of the look."""
    who: str
    """Handle of the viewer."""
    turn: int
    """The viewer's turn, from 0."""
    post: int
    """The post that was shown."""
    rank: int
    """0 is the top of the feed."""
    score: float
    """What the ranker gave it; only comparable within one ranker."""
    ranker: str
    """The ranking that chose it; `mention` for an answer to the viewer."""
    via: str | None = None
    """Who put it into the feed by a repost, the last to do so; null if the post came by itself."""


class ExposureBatch(NamedTuple):
    """What one look showed: an Exposure for each of its posts, best first."""

    time: Seconds
    who: str
    turn: int
    posts: tuple[int, ...]
    scores: tuple[float, ...]
    rankers: tuple[str, ...]
    vias: tuple[str | None, ...]

    def __deepcopy__(self, memo: object) -> "ExposureBatch":
        return self  # nothing in it can be changed

    def exposures(self) -> list[Exposure]:
        """List the rows."""
        rows = zip(self.posts, self.scores, self.rankers, self.vias, strict=True)
        return [
            Exposure(self.time, self.who, self.turn, post, rank, score, ranker, via)
            for rank, (post, score, ranker, via) in enumerate(rows)
        ]
