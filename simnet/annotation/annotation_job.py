"""Has annotators judge the items of a task, and writes the table of annotations."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from simnet import draws
from simnet.annotation.annotation_prompts import Judgement
from simnet.annotation.annotation_rows import (
    FOLDER,
    REPLIES,
    AnnotationRow,
    add_annotations,
)
from simnet.annotation.items import Item, check_keys, items_of_run
from simnet.annotation.task import Annotation, Annotator
from simnet.errors import UsageError
from simnet.foundation.arguments import checked
from simnet.inference.backend import Backend
from simnet.inference.model import Model
from simnet.questions.answer_files import as_json
from simnet.questions.question import Value
from simnet.recording.reading.run import Run
from simnet.runs.blocking import blocking
from simnet.synthesis.asking.asker import Answer, Asker, Question
from simnet.synthesis.asking.counts import Counts
from simnet.synthesis.asking.job import GuardedReporter, JobOptions, Reporter, Silent, run_job
from simnet.synthesis.asking.reply_log import Facts

TRIES = 2
"""A reply that is no answer is repaired once; then there is no answer."""


class Annotated(NamedTuple):
    """The outcome of an annotation."""

    rows: Sequence[AnnotationRow]
    """The judgements, by model, item, annotator and question."""
    path: Path
    """The table of annotations."""
    counts: Mapping[str, Counts]
    """Calls and replies by the name of the model in the call."""


@checked
async def aannotate(
    items: Run | Sequence[Item],
    task: Annotation,
    *,
    model: Backend | Model | None = None,
    models: Mapping[str, Backend | Model] | None = None,
    out: Path | str | None = None,
    limit: int | None = None,
    seed: int = 0,
    in_flight: int = 256,
    accept_failures: bool = False,
    reporter: Reporter | None = None,
) -> Annotated:
    """Have every annotator judge every item; `annotate` blocks.

    `items` are those of a run, which the task describes, or a list of one's own. `model` answers
    for the annotators that name none of `models`. The table is `annotations/NAME/
    annotations.parquet` in the run directory, or in the folder `out`; nothing else of a run is
    touched. With `limit` only the first items are judged. The same call goes on where an earlier
    one ended early, without asking anything twice.

    Raises UsageError if there is nothing to annotate, a model is missing or two items have one key,
    RunError if most calls fail.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit={limit}; judge 1 item or more, or give None for all")
    served = dict(models or {})
    for one in task.annotators:
        if (one.model is None and model is None) or (one.model and one.model not in served):
            which = "a model" if one.model is None else f"a model called {one.model!r}"
            raise UsageError(f"annotator {one.name!r} needs {which}; give it")
    listed = items_of_run(items, task.items, task.history) if isinstance(items, Run) else items
    check_keys(listed)
    listed = [one for one in listed if any(said.text.strip() for said in one.said)]
    listed = listed[:limit]
    if not listed:
        where = (
            f"{items.id} has no {task.items}" if isinstance(items, Run) else "there are no items"
        )
        raise UsageError(f"{where}, so there is nothing to annotate")
    folder = _folder(items, task, out)
    guarded = GuardedReporter(Silent() if reporter is None else reporter)
    rows: list[AnnotationRow] = []
    counts: dict[str, Counts] = {}
    for name in dict.fromkeys(one.model for one in task.annotators):
        judges = [one for one in task.annotators if one.model == name]
        job = JobOptions(
            work=folder / REPLIES / (name or "default"),
            in_flight=in_flight,
            tries=TRIES,
            stop_on_failures=not accept_failures,
        )
        chosen = model if name is None else served[name]
        assert chosen is not None
        group = _Group(task, judges, listed, seed)
        guarded.phase(f"annotation {task.name}", len(judges) * len(listed) * len(task.questions))
        counts[name or "default"] = await run_job(
            chosen, job, guarded, group.ask, lambda made, _: rows.extend(made)
        )
    return Annotated(rows, add_annotations(folder, rows), counts)


annotate = blocking(aannotate)


def _folder(items: Run | Sequence[Item], task: Annotation, out: Path | str | None) -> Path:
    if out is not None:
        return Path(out)
    if isinstance(items, Run):
        return items.path / FOLDER / task.name
    raise UsageError("annotations of a list of items need a folder; give out=")


class _Group:
    """The annotators that one model answers for."""

    def __init__(
        self, task: Annotation, judges: Sequence[Annotator], items: Sequence[Item], seed: int
    ) -> None:
        self._task = task
        self._judges = judges
        self._items = items
        self._seed = seed

    async def ask(self, asker: Asker) -> list[AnnotationRow]:
        """Ask all annotators about all items, item by item."""
        judgements = (
            Judgement(judge, item, question, asker.model.name)
            for item in self._items
            for judge in self._judges
            for question in self._task.questions
        )
        return [
            self._row(answer, asker.model.name)
            async for answer in asker.ask(self._questions(judgements))
        ]

    def _questions(self, judgements: Iterable[Judgement]) -> Iterable[Question[Value]]:
        for one in judgements:
            name, judge = one.question.name, one.annotator.name
            yield Question(
                facts=Facts(
                    f"annotation {self._task.name} by {judge}", one.item.key, relation=name
                ),
                seed=draws.sampling_seed(
                    self._seed, "annotation", self._task.name, judge, one.item.key, name
                ),
                prompt=one.prompt,
                read=one.read,
                about=one,
            )

    def _row(self, answer: Answer[Value], model: str) -> AnnotationRow:
        one: Judgement = answer.question.about
        return AnnotationRow(
            annotation=self._task.name,
            item=one.item.key,
            annotator=one.annotator.name,
            question=one.question.name,
            kind=one.question.kind,
            answer=as_json(answer.value),
            reason=answer.why if answer.value is None else None,
            model=model,
            seed=answer.seed,
            prompt=one.digest,
            probabilities=one.probabilities,
        )
