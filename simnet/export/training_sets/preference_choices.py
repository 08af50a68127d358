"""What DPO and KTO sets share: which replies are scored, by what, and how far apart they are."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simnet.errors import EmptyExportError, UsageError
from simnet.export.folders.splits import Split, thread_name
from simnet.export.training_sets.replies import ReplyReader
from simnet.export.training_sets.reply_ratings import read_ratings
from simnet.export.training_sets.reply_scores import Score, check_weights, engagement_scores
from simnet.export.training_sets.screening import Screen
from simnet.export.training_sets.sibling_pairs import UNSCORED, Comparable, Scored
from simnet.recording.reading.folders import run_words
from simnet.recording.reading.run import Run

ENGAGEMENT_MARGIN = 0.05
"""Smallest difference of engagement per exposure, unless another is given."""
RATING_MARGIN = 1.0
"""Smallest difference of ratings, unless another is given."""


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """Where scores come from, and how far apart they have to be."""

    ratings: Path | None = None
    event_column: str = "event"
    rating_column: str = "rating"
    weights: Mapping[str, float]
    min_exposures: int
    margin: float | None = None
    comparable: Comparable

    def __post_init__(self) -> None:
        if self.min_exposures < 1:
            raise UsageError(f"min_exposures is {self.min_exposures}; give 1 or more")
        if self.margin is not None and not self.margin >= 0:
            raise UsageError(f"the margin is {self.margin}; give 0 or more")

    @property
    def difference(self) -> float:
        """The margin that holds."""
        if self.margin is not None:
            return self.margin
        return ENGAGEMENT_MARGIN if self.ratings is None else RATING_MARGIN

    def looser(self, *, has_scores: bool) -> Iterator[str]:
        """Yield what lets more replies through; where none has a score, what gives some one."""
        if self.ratings is None and self.min_exposures > 1:
            yield f"lower --min-exposures {self.min_exposures}"
        if not has_scores:
            yield "give --ratings" if self.ratings is None else "rate replies of this run"
            return
        if self.difference > 0:
            yield f"lower --margin {self.difference:g}"
        if self.comparable == "cohort":
            yield "compare by --comparable anyone"

    def describe(self) -> list[str]:
        """Say on the card what was compared and how."""
        siblings = (
            "replies to one post by personas of one cohort"
            if self.comparable == "cohort"
            else "replies to one post, whoever wrote them"
        )
        if self.ratings is not None:
            return [
                f"- Compared: {siblings}.",
                f"- Score: the mean rating of a reply in `{self.ratings.name}`.",
                f"- Margin: {self.difference:g}.",
            ]
        weights = ", ".join(f"{name} {weight:g}" for name, weight in self.weights.items())
        return [
            f"- Compared: {siblings}.",
            "- Score: engagement by others at the end of the run, for each time the reply was",
            f"  shown to others. Weights: {weights}; all else 0.",
            f"- Minimum exposure: {self.min_exposures}. Margin: {self.difference:g}.",
            "- The place in the feed at which a reply was shown is not corrected for.",
        ]


@dataclass
class ScoredReplies:
    """The replies of a run that are taken, with their scores."""

    run: Run
    scoring: Scoring
    screen: Screen
    left_out: Counter[str] = field(default_factory=Counter)
    neutral: float = 0.0
    """The mean rating, where there are ratings."""

    def __post_init__(self) -> None:
        self.reader = ReplyReader(self.run)
        if not len(self.reader):
            raise EmptyExportError(
                f"run {self.run.id} has no replies to compare; look at it with: simnet show "
                f"{run_words(self.run.path)}"
            )
        self.scores: Mapping[int, Score] = self._scores()

    def __iter__(self) -> Iterator[list[Scored]]:
        """Yield the replies that are taken, batch by batch; those left out are counted."""
        found = 0
        for batch in self.reader.batches(only=self.scores.keys()):
            taken = []
            for reply in batch:
                outcome = self.screen(reply)
                if isinstance(outcome, str):
                    self.left_out[outcome] += 1
                else:
                    taken.append(Scored(outcome, self.scores[reply.event]))
            found += len(batch)
            yield taken
        if unscored := len(self.reader) - found:
            self.left_out[UNSCORED] += unscored
        if found < len(self.scores) and self.scoring.ratings is not None:
            self.left_out["rated and no reply of the run"] += len(self.scores) - found

    def side(self, one: Scored, split: Split) -> str:
        """Return the split of a reply."""
        reply = one.pair.reply
        first = self.reader.posts.get(reply.root) if split.keep_together == "thread" else None
        return split.side(reply.persona_id, thread_name(self.run.id, reply.root, first))

    def why_empty(self, what: str) -> EmptyExportError:
        """Say why no row is left."""
        causes = ", ".join(f"{count} {cause}" for cause, count in sorted(self.left_out.items()))
        ways = " or ".join(self.scoring.looser(has_scores=bool(self.scores)))
        return EmptyExportError(
            f"run {self.run.id} gives no {what} ({causes or 'no replies'})"
            + (f"; {ways}" if ways else "")
        )

    def _scores(self) -> Mapping[int, Score]:
        scoring = self.scoring
        if scoring.ratings is None:
            check_weights(self.run, scoring.weights)
            return engagement_scores(self.run, scoring.weights, scoring.min_exposures)
        read = read_ratings(
            scoring.ratings, self.run.id, event=scoring.event_column, rating=scoring.rating_column
        )
        self.neutral = read.mean
        self.left_out.update(read.skipped)
        return read.scores
