"""What limits the use of a run's data: that it did not end, or that its replies are made up."""

from collections.abc import Iterator, Sequence

from simnet.foundation.text import one_line, without_folders
from simnet.recording.files.manifest import ModelFacts, State, last_models
from simnet.recording.reading.run import Run


def run_caveats(run: Run) -> Iterator[str]:
    """Yield a sentence if a run is not complete, and one if its replies are made up."""
    for sentence in not_complete(run):
        yield f"{sentence} What it did so far is here."
    if run.table("calls").count_rows():
        yield from made_up([*run.manifest.replaced, *last_models(run.manifest)])


def not_complete(run: Run) -> Iterator[str]:
    """Yield a sentence if a run is not complete, with the reason."""
    if run.manifest.state is not State.COMPLETED:
        error = run.manifest.error
        why = f": {without_folders(one_line(error)).rstrip('.')}" if error else ""
        yield f"The run is not complete; it is {run.state}{why}."


def made_up(models: Sequence[ModelFacts]) -> Iterator[str]:
    """Yield a sentence if one of some models makes replies up."""
    fake = [one for one in models if one.is_fake]
    if fake:
        which = "Replies" if len(fake) == len(models) else "Some replies"
        yield (
            f"{which} are made up by the fake model, without a language model: they say nothing "
            "about people or about models."
        )
