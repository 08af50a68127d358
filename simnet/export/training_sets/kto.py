"""KTO sets: single replies with a label, true for those that others liked more than the siblings.

The columns `prompt`, `completion` and `label` are TRL's unpaired preference format, so
`KTOTrainer` takes a subset as it is.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from simnet.agents.profile import Flagger
from simnet.export.folders.card_parts import (
    check_hub,
    configurations,
    heading,
    source_lines,
    source_of,
    split_lines,
    write_hub_card,
)
from simnet.export.folders.folder import written_folder
from simnet.export.folders.set_writer import MESSAGES, Configuration, identifiers, set_writer
from simnet.export.folders.splits import KeepTogether, Split
from simnet.export.folders.summary import Exported, empty_side_note, rows_by_split
from simnet.export.training_sets.dpo import facts_of
from simnet.export.training_sets.preference_choices import ScoredReplies, Scoring
from simnet.export.training_sets.reply_scores import WEIGHTS
from simnet.export.training_sets.screening import AtLimit, Prompts, Screen, System
from simnet.export.training_sets.sibling_pairs import (
    ALONE,
    CLOSE,
    Comparable,
    Scored,
    group_of,
    means,
)
from simnet.foundation.arguments import checked
from simnet.recording.reading.run import Run

_SCHEMA = pa.schema(
    [
        ("prompt", MESSAGES),
        ("completion", MESSAGES),
        ("label", pa.bool_()),
        ("run", pa.string()),
        ("post", pa.string()),
        ("post_id", pa.int64()),
        ("thread", pa.int64()),
        ("event", pa.int64()),
        ("persona_id", pa.string()),
        ("cohort", pa.string()),
        ("model", pa.string()),
        ("adapter", pa.string()),
        ("score", pa.float64()),
        ("reference", pa.float64()),
        ("exposures", pa.int64()),
        ("engagement", pa.float64()),
        ("ratings", pa.int64()),
    ]
)


@checked
def export_kto(
    run: Run,
    out: Path | str,
    *,
    force: bool = False,
    ratings: Path | str | None = None,
    event_column: str = "event",
    rating_column: str = "rating",
    neutral: float | None = None,
    weights: Mapping[str, float] = WEIGHTS,
    min_exposures: int = 5,
    margin: float | None = None,
    comparable: Comparable = "cohort",
    prompts: Prompts = "post",
    system: System | None = None,
    at_limit: AtLimit = "leave-out",
    include_marked: bool = False,
    leave_out: Collection[str] = (),
    flagger: Flagger | None = None,
    validation: float = 0.0,
    keep_together: KeepTogether = "persona",
    split_seed: int = 0,
) -> Exported:
    """Write replies with a label that says whether others preferred them to their siblings.

    Scores, siblings and margins are as in `export_dpo`. A reply is good (label true) if its score
    is `margin` above the mean score of its siblings, bad (false) if it is `margin` below; others
    are left out. With `ratings` the reference is instead the rating `neutral`, by default the mean
    of all ratings of the run. `prompts` and `system` are as in `export_sft`; by default the prompt
    is the post alone. Memory holds the texts of all posts and one batch of replies.

    Raises UsageError as `export_sft` does, InputError for a file of ratings, and EmptyExportError,
    with counts by cause, if no reply gets a label.
    """
    check_hub()
    split = Split(validation, keep_together, split_seed)
    scoring = Scoring(
        ratings=Path(ratings) if ratings is not None else None,
        event_column=event_column,
        rating_column=rating_column,
        weights=weights,
        min_exposures=min_exposures,
        margin=margin,
        comparable=comparable,
    )
    screen = Screen(prompts, at_limit, include_marked, tuple(leave_out), flagger, system)
    scored = ScoredReplies(run, scoring, screen)
    if neutral is None:
        neutral = scored.neutral
    reference = _References(scored, neutral)
    names = identifiers(sorted(scored.reader.undone))
    with written_folder(Path(out), force=force) as folder:
        with set_writer(folder) as writer:
            parts = {cohort: writer.open(f"kto_{name}", _SCHEMA) for cohort, name in names.items()}
            _write(scored, reference, parts, split)
        if not any(part.files for part in writer.configurations):
            raise scored.why_empty("reply that is better or worse than its siblings")
        body = _body(run, writer.configurations, split, scoring, scored.left_out, neutral)
        write_hub_card(folder, configurations(writer.configurations), body)
    counts = {name: rows for name, rows in rows_by_split(writer.configurations).items() if rows}
    notes = empty_side_note(writer.configurations, validation)
    return Exported(Path(out), counts, dict(scored.left_out), notes)


class _References:
    """The score with which that of a reply is compared."""

    def __init__(self, scored: ScoredReplies, neutral: float) -> None:
        self._neutral = neutral
        self._rated = scored.scoring.ratings is not None
        self._comparable = scored.scoring.comparable
        self._sums: dict[Hashable, tuple[float, int]] = {}
        if not self._rated:
            self._sums = means(
                (group_of(reply, self._comparable), scored.scores[reply.event].value)
                for batch in scored.reader.batches(with_calls=False, only=scored.scores.keys())
                for reply in batch
            )

    def of(self, one: Scored) -> float | None:
        """Return the mean score of the siblings, or the neutral rating; None without siblings."""
        if self._rated:
            return self._neutral
        total, count = self._sums[group_of(one.pair.reply, self._comparable)]
        return (total - one.score.value) / (count - 1) if count > 1 else None


def _write(
    scored: ScoredReplies,
    references: _References,
    parts: Mapping[str, Configuration],
    split: Split,
) -> None:
    for batch in scored:
        rows: dict[str, list[dict[str, Any]]] = {cohort: [] for cohort in parts}
        sides: dict[str, list[str]] = {cohort: [] for cohort in parts}
        for one in batch:
            reference = references.of(one)
            if reference is None:
                scored.left_out[ALONE] += 1
                continue
            difference = one.score.value - reference
            if abs(difference) < scored.scoring.difference or not difference:
                scored.left_out[CLOSE] += 1
                continue
            cohort = one.pair.reply.cohort
            row = _row(scored.run.id, one) | {"label": difference > 0, "reference": reference}
            rows[cohort].append(row)
            sides[cohort].append(scored.side(one, split))
        for cohort, part in parts.items():
            part.write(rows[cohort], sides[cohort])


def _row(run: str, one: Scored) -> dict[str, Any]:
    reply = one.pair.reply
    return facts_of(one) | {
        "prompt": one.pair.prompt,
        "completion": one.pair.completion,
        "run": run,
        "post": reply.post,
        "post_id": reply.answers,
        "thread": reply.root,
    }


def _body(
    run: Run,
    parts: Sequence[Configuration],
    split: Split,
    scoring: Scoring,
    left_out: Counter[str],
    neutral: float,
) -> list[str]:
    source = source_of(run)
    first = next(part for part in parts if part.files)
    load = f'datasets.load_dataset(DIR, "{first.name}", split="{next(iter(first.files))}")'
    reference = (
        f"the rating {neutral:g}" if scoring.ratings else "the mean score of the other siblings"
    )
    return [
        heading("Replies of simulated personas, good and bad", source), "",
        "Replies to posts on a simulated social network, with a label for preference training.", "",
        "```python", load, "```", "",
        "## How labels were given", "",
        *scoring.describe(),
        f"- `label` is true if the score is the margin above {reference}, false if it is the",
        "  margin below; replies between are left out.", "",
        "Left out:", "",
        *(f"- {count} {cause}" for cause, count in sorted(left_out.items())), "",
        *split_lines(parts, split.describe()), "",
        "## Columns", "",
        "- `prompt`, `completion`, `label`: TRL's `KTOTrainer` takes a subset as it is.",
        "- `post`, `post_id`, `thread`, `run`, `persona_id`, `cohort`, `model`, `adapter`;",
        "  `event`: the post that the reply made, `made` in the run's `events`.",
        "- `score`, `reference`, `exposures`, `engagement`, `ratings`: what the label comes from.",
        "",
        *source_lines(source),
    ]  # fmt: skip
