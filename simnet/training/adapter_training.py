"""Trains the adapters of a run: export, split, one LoRA for each cohort, perplexities."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from filelock import FileLock, Timeout

from simnet.errors import UsageError
from simnet.foundation.disk import Disk, disk_errors, publish_folder
from simnet.foundation.text import counted, did_you_mean
from simnet.recording.reading.run import Run
from simnet.training.adapter_folder import (
    ADAPTERS,
    FACTS,
    read_facts,
    write_adapter,
    write_facts,
)
from simnet.training.base_model import BaseModel, find_base_model
from simnet.training.lora import Step, count_steps, train_lora
from simnet.training.perplexity import Perplexities, perplexity
from simnet.training.training_options import TrainingOptions, check_extra
from simnet.training.training_rows import Split, read_rows, split_rows

if TYPE_CHECKING:
    from simnet.export.folders.card import Subset

DATA = "data"
_LOCK = ".lock"
_CONTENTS = {DATA, ADAPTERS, FACTS, _LOCK}
"""Names of what the folder of a training holds."""


class Training(NamedTuple):
    """What a training left in its folder."""

    folder: Path
    """Where the adapters are."""
    adapters: Mapping[str, Mapping[str, Any]]
    """Facts of each adapter by its cohort: rows, steps, losses, checksum and where it is from."""
    perplexities: Perplexities
    """How well adapters fit held-out replies."""

    def facts(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return {
            "folder": str(self.folder),
            "adapters": dict(self.adapters),
            "perplexities": self.perplexities.facts(),
        }


class Report(NamedTuple):
    """How a training goes."""

    text: str
    """What begins, or the cohort that is trained."""
    step: Step | None = None
    """The step that was made; None where something begins."""


_Reporter = Callable[[Report], None]


def train(
    run: Run,
    out: str | Path,
    options: TrainingOptions | None = None,
    *,
    force: bool = False,
    report: _Reporter = lambda _: None,
) -> Training:
    """Train an adapter for each cohort that replied in `run`, into the folder `out`.

    `out` gets the exported rows in `data/`, an adapter folder for each cohort in `adapters/`, and
    `training.json` with all figures. An adapter that is there is kept: a training that was
    stopped goes on with the next cohort. `force` trains what is there again. `report` gets what
    begins and each step.

    Raises UsageError, before the first step, if the extra `train` is not installed, if `out`
    belongs to another training, or if a cohort has too few rows; ModelNotFoundError if the base
    model is not here; DiskError if the disk is full.
    """
    check_extra()
    options = options or TrainingOptions()
    root = Path(out).expanduser()
    with _owned(root, run, force=force):
        if not force:
            _check_options(root, options)
        report(Report("exporting the replies"))
        subsets, sources = _export(run, root, options)
        used = {name: count for one in subsets for name, count in one.models.items()}
        base = find_base_model(run, used, options.model, lambda text: report(Report(text)))
        plans = [_plan(run, root, one, base, options, sources, force=force) for one in subsets]
        write_facts(root, {"run": run.id, "base_model": base.name, "complete": False})
        adapters = {plan.facts["cohort"]: _trained(plan, base, options, report) for plan in plans}
        report(Report("measuring the perplexity of the replies held out"))
        measured = perplexity(root, model=str(base.folder))
        training = Training(root, adapters, measured)
        facts = {"run": run.id, "base_model": base.name, "complete": True, **training.facts()}
        write_facts(root, {name: value for name, value in facts.items() if name != "folder"})
        return training


@contextmanager
def _owned(root: Path, run: Run, *, force: bool) -> Iterator[None]:
    """Make the folder of a training and lock it. Raises UsageError if it is something else."""
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file; choose another name for the folder")
    foreign = sorted({path.name for path in root.iterdir()} - _CONTENTS) if root.exists() else []
    if foreign:
        raise UsageError(
            f"{root} holds {foreign[0]!r}, which no training wrote; choose another name"
        )
    with disk_errors(f"writing {root}"):
        root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / _LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise UsageError(f"another process is training in {root}; wait for it to end") from None
    try:
        _check_run(root, run, force=force)
        yield
    finally:
        lock.release()


def _check_run(root: Path, run: Run, *, force: bool) -> None:
    """Raise UsageError if a folder has adapters of another run; with `force`, remove them."""
    before = read_facts(root)
    if before is None or before.get("run") == run.id:
        return
    if not force:
        raise UsageError(
            f"{root} holds the training of run {before.get('run')}; choose another name or pass "
            "--force, which replaces it"
        )
    with disk_errors(f"writing {root}"):
        shutil.rmtree(root / ADAPTERS, ignore_errors=True)


def _check_options(root: Path, options: TrainingOptions) -> None:
    """Raise UsageError if an adapter that is to be trained is there, of other options."""
    for folder in sorted((root / ADAPTERS).glob("[!.]*")):
        before = read_facts(folder)
        if before and (not options.cohorts or before.get("cohort") in options.cohorts):
            _check_same(folder, before, {"options": options.recipe()})


def _export(run: Run, root: Path, options: TrainingOptions) -> tuple[list["Subset"], list[str]]:
    """Export the replies; returns the subsets to train and where the personas come from."""
    from simnet.export.folders.origins import origins  # noqa: PLC0415  (imports pyarrow)
    from simnet.export.training_sets.sft import export_sft  # noqa: PLC0415

    subsets = export_sft(
        run,
        root / DATA,
        force=True,
        columns="prompt-completion",
        at_limit=options.at_limit,
    )
    by_cohort = {subset.type: subset for subset in subsets}
    for cohort in options.cohorts:
        if cohort not in by_cohort:
            hint = did_you_mean(cohort, by_cohort)
            raise UsageError(
                f"no cohort {cohort!r} replied in run {run.id}{hint}; there are "
                f"{', '.join(by_cohort)}"
            )
    chosen = [one for one in subsets if not options.cohorts or one.type in options.cohorts]
    for subset in chosen:
        if not subset.rows:
            causes = ", ".join(f"{count} {cause}" for cause, count in subset.left_out.items())
            raise UsageError(
                f"no rows for the cohort {subset.type!r}: its replies are left out ({causes}); "
                "--at-limit cut or keep takes those at the limit, --cohorts names others"
            )
    counts = sorted(origins(run).items(), key=lambda item: (-item[1], str(item[0])))
    return chosen, [f"{counted(count, 'persona')} {origin}" for origin, count in counts]


class _Plan(NamedTuple):
    """What is to be trained, or is there already."""

    folder: Path
    facts: dict[str, Any]
    split: Split
    finished: bool


def _plan(
    run: Run,
    root: Path,
    subset: "Subset",
    base: BaseModel,
    options: TrainingOptions,
    sources: Sequence[str],
    *,
    force: bool,
) -> _Plan:
    assert subset.file is not None
    file = f"{DATA}/{subset.file}"
    split = split_rows(
        subset.type,
        read_rows(root / file),
        base,
        share=options.validation,
        by=options.hold_out,
        seed=options.seed,
        max_length=options.max_length,
    )
    facts: dict[str, Any] = {
        "cohort": subset.type,
        "run": run.id,
        "base_model": base.name,
        "prompts": "served",
        "options": options.recipe(),
        "file": file,
        "rows_hash": _hash(split),
        "rows": {
            "train": len(split.train),
            "held_out": len(split.held_out),
            "held_out_keys": split.keys,
            "too_long": split.too_long,
        },
        "models": sorted(subset.models),
        "sources": list(sources),
    }
    folder = root / ADAPTERS / subset.name.removeprefix("format_sft_")
    before = None if force else read_facts(folder)
    if before is not None:
        _check_same(folder, before, facts)
    return _Plan(folder, before or facts, split, before is not None)


def _check_same(folder: Path, before: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Raise UsageError if an adapter that is there is not the one that is to be trained."""
    changed = [name for name in facts if before.get(name) != facts[name]]
    if changed:
        raise UsageError(
            f"{folder} was trained with other {', '.join(changed)}; choose another --out, or "
            "pass --force to train it again"
        )


def _trained(
    plan: _Plan, base: BaseModel, options: TrainingOptions, report: _Reporter
) -> dict[str, Any]:
    """Train an adapter unless it is finished; its folder appears whole or not at all."""
    cohort = plan.facts["cohort"]
    if plan.finished:
        report(Report(f"{cohort} is trained already"))
        return plan.facts
    begun = time.perf_counter()
    steps = count_steps(len(plan.split.train), options)
    report(Report(f"training {cohort}: {counted(len(plan.split.train), 'row')}"))
    lora = train_lora(base, plan.split.train, options, lambda step: report(Report(cohort, step)))
    losses = lora.losses
    facts = plan.facts | {
        "steps": steps,
        "first_loss": losses[0]["loss"],
        "last_loss": losses[-1]["loss"],
        "seconds": round(time.perf_counter() - begun, 1),
    }
    partial = plan.folder.with_name(f".{plan.folder.name}.partial")
    with disk_errors(f"writing {plan.folder}"):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            facts = write_adapter(partial, lora.weights, lora.config, losses, facts)
            shutil.rmtree(plan.folder, ignore_errors=True)
            publish_folder(Disk(), partial, plan.folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return facts


def _hash(split: Split) -> str:
    """Hash the token ids of all rows."""
    ids = [[one.ids for one in side] for side in (split.train, split.held_out)]
    return hashlib.sha256(json.dumps(ids).encode()).hexdigest()
