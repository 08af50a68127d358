"""DPO sets: pairs of sibling replies, the better one chosen, the worse one rejected.

The columns `prompt`, `chosen` and `rejected` are TRL's conversational preference format with an
explicit prompt, so `DPOTrainer` takes a subset as it is.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from simnet.agents.profile import Flagger
from simnet.errors import UsageError
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
from simnet.export.training_sets.preference_choices import ScoredReplies, Scoring
from simnet.export.training_sets.reply_scores import WEIGHTS
from simnet.export.training_sets.screening import AtLimit, Screen
from simnet.export.training_sets.sibling_pairs import Comparable, Scored, group_of, pairs
from simnet.foundation.arguments import checked
from simnet.recording.reading.run import Run

APART = "in a pair of two splits"
_OF_EACH: Mapping[str, pa.DataType] = {
    "event": pa.int64(),
    "persona_id": pa.string(),
    "cohort": pa.string(),
    "model": pa.string(),
    "adapter": pa.string(),
    "score": pa.float64(),
    "exposures": pa.int64(),
    "engagement": pa.float64(),
    "ratings": pa.int64(),
}
"""Columns of each of the two replies, with the prefix `chosen_` or `rejected_`."""
_SCHEMA = pa.schema(
    [
        *((name, MESSAGES) for name in ("prompt", "chosen", "rejected")),
        ("run", pa.string()),
        ("post", pa.string()),
        ("post_id", pa.int64()),
        ("thread", pa.int64()),
        ("margin", pa.float64()),
        *((f"{prefix}_{name}", kind) for prefix in ("chosen", "rejected")
          for name, kind in _OF_EACH.items()),
    ]
)  # fmt: skip


@checked
def export_dpo(
    run: Run,
    out: Path | str,
    *,
    force: bool = False,
    ratings: Path | str | None = None,
    event_column: str = "event",
    rating_column: str = "rating",
    weights: Mapping[str, float] = WEIGHTS,
    min_exposures: int = 5,
    margin: float | None = None,
    comparable: Comparable = "cohort",
    pairs_per_post: int = 1,
    at_limit: AtLimit = "leave-out",
    include_marked: bool = False,
    leave_out: Collection[str] = (),
    flagger: Flagger | None = None,
    validation: float = 0.0,
    keep_together: KeepTogether = "thread",
    split_seed: int = 0,
) -> Exported:
    """Write pairs of replies to one post, of which others preferred one.

    Siblings are replies to one post by `comparable` personas. A reply's score is the engagement
    of others (by `weights`) for each time it was shown to others, if that was `min_exposures`
    times at least; or, with `ratings`, its mean rating in that file (see `read_ratings`). The best
    sibling is chosen over the worst, up to `pairs_per_post` such pairs, if their scores differ by
    `margin` (by default 0.05 for engagement, 1 for ratings). The prompt is the post, so that it is
    the same for both. Replies are screened as in `export_sft`. A row has the event, persona, model
    and counts of both replies.

    With `keep_together="persona"`, pairs whose personas are in two splits are left out. Memory
    holds the texts of the replies that are compared. Raises UsageError as `export_sft` does,
    InputError for a file of ratings, and EmptyExportError, with counts by cause, if there is no
    pair.
    """
    check_hub()
    if pairs_per_post < 1:
        raise UsageError(f"pairs_per_post is {pairs_per_post}; give 1 or more")
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
    screen = Screen("post", at_limit, include_marked, tuple(leave_out), flagger)
    scored = ScoredReplies(run, scoring, screen)
    found = _pairs(scored, pairs_per_post, split)
    if not found:
        raise scored.why_empty("pair of a better and a worse reply")
    names = {"": "dpo"} | {
        cohort: f"dpo_{name}" for cohort, name in identifiers(sorted({*found} - {""})).items()
    }
    with written_folder(Path(out), force=force) as folder:
        with set_writer(folder) as writer:
            for cohort, rows in found.items():
                part = writer.open(names[cohort], _SCHEMA)
                part.write([row for row, _ in rows], [side for _, side in rows])
        body = _body(run, writer.configurations, split, scoring, scored.left_out)
        write_hub_card(folder, configurations(writer.configurations), body)
    notes = empty_side_note(writer.configurations, validation)
    counts = rows_by_split(writer.configurations)
    return Exported(Path(out), counts, dict(scored.left_out), notes)


def _pairs(
    scored: ScoredReplies, most: int, split: Split
) -> dict[str, list[tuple[dict[str, Any], str]]]:
    """Return rows with their splits, by cohort; under the empty name if anyone is compared."""
    groups: dict[Hashable, list[Scored]] = {}
    for batch in scored:
        for one in batch:
            lean = one.pair.reply.call and one.pair.reply.call._replace(
                system="", user="", completion=""
            )
            kept = one._replace(
                pair=one.pair._replace(reply=one.pair.reply._replace(call=lean, persona=""))
            )
            groups.setdefault(group_of(kept.pair.reply, scored.scoring.comparable), []).append(kept)
    found: dict[str, list[tuple[dict[str, Any], str]]] = {}
    for siblings in groups.values():
        for better, worse in pairs(siblings, scored.scoring.difference, most, scored.left_out):
            sides = {scored.side(better, split), scored.side(worse, split)}
            if len(sides) > 1:
                scored.left_out[APART] += 1
                continue
            own = scored.scoring.comparable == "cohort"
            cohort = better.pair.reply.cohort if own else ""
            row = _row(scored.run.id, better, worse)
            found.setdefault(cohort, []).append((row, sides.pop()))
    return dict(sorted(found.items()))


def _row(run: str, better: Scored, worse: Scored) -> dict[str, Any]:
    reply = better.pair.reply
    row = {
        "prompt": better.pair.prompt,
        "chosen": better.pair.completion,
        "rejected": worse.pair.completion,
        "run": run,
        "post": reply.post,
        "post_id": reply.answers,
        "thread": reply.root,
        "margin": better.score.value - worse.score.value,
    }
    for prefix, one in (("chosen", better), ("rejected", worse)):
        row |= {f"{prefix}_{name}": value for name, value in facts_of(one).items()}
    return row


def facts_of(one: Scored) -> dict[str, Any]:
    """Return where a reply comes from and what its score is."""
    reply, score = one.pair.reply, one.score
    return {
        "event": reply.event,
        "persona_id": reply.persona_id,
        "cohort": reply.cohort,
        "model": reply.call and reply.call.model,
        "adapter": reply.call and reply.call.adapter,
        "score": score.value,
        "exposures": score.exposures,
        "engagement": score.engagement,
        "ratings": score.ratings,
    }


def _body(
    run: Run,
    parts: Sequence[Configuration],
    split: Split,
    scoring: Scoring,
    left_out: Counter[str],
) -> list[str]:
    source = source_of(run)
    first = parts[0]
    load = f'datasets.load_dataset(DIR, "{first.name}", split="{next(iter(first.files))}")'
    return [
        heading("Preferred replies of simulated personas", source), "",
        "Pairs of replies to one post on a simulated social network, for preference training.", "",
        "```python", load, "```", "",
        "## How pairs were made", "",
        *scoring.describe(), "",
        "Left out:", "",
        *(f"- {count} {cause}" for cause, count in sorted(left_out.items())), "",
        *split_lines(parts, split.describe()), "",
        "## Columns", "",
        "- `prompt`, `chosen`, `rejected`: the post and the two replies as messages; TRL's",
        "  `DPOTrainer` takes a subset as it is.",
        "- `post`, `post_id`, `thread`, `run`; `margin`: the difference of the two scores.",
        "- `chosen_event`, `rejected_event`: the posts that the replies made, `made` in the run's",
        "  `events`; likewise `_persona_id`, `_cohort`, `_model`, `_adapter`, `_score`,",
        "  `_exposures`, `_engagement`, `_ratings` of each.", "",
        *source_lines(source),
    ]  # fmt: skip
