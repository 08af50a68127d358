"""What limits the use of a data set: that its run did not end, or that its replies are made up."""

from collections.abc import Iterator

from simnet.foundation.text import one_line
from simnet.recording.files.manifest import ModelFacts, State
from simnet.recording.reading.run import Run

_FAKE = "fake"


def run_caveats(run: Run) -> Iterator[str]:
    """Yield a sentence if a run is not complete, and one if its replies are made up."""
    manifest = run.manifest
    if manifest.state is not State.COMPLETED:
        why = f": {one_line(manifest.error)}" if manifest.error else ""
        yield f"The run is not complete; it is {run.state}{why}. What it did so far is here."
    last = [*([manifest.model] if manifest.model else []), *manifest.models.values()]
    models = [*manifest.replaced, *last]
    fake = [one for one in models if _is_fake(one)]
    if fake and run.table("calls").count_rows():
        which = "Replies" if len(fake) == len(models) else "Some replies"
        yield (
            f"{which} are made up by the fake model, without a language model: they say nothing "
            "about people or about models."
        )


def _is_fake(model: ModelFacts) -> bool:
    """Whether a model is the fake backend, or a FakeModel that was given in Python."""
    return model.backend == _FAKE or (model.backend == "in process" and model.name == _FAKE)
