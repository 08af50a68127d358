"""distilabel: a pipeline in which each persona answers a post; run in its environment.

distilabel has no society: rows of persona and post go in, one text for each comes out. The
model is a subclass of its model class that answers at once in the process of its step.
"""

import society
from distilabel.models import LLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

BATCH = 50
"""Rows in a batch: what distilabel takes if it is not told."""
TEMPLATE = "You are this persona: {{ persona }}\n\nWhat do you say to this post?\n\n{{ post }}"


class Instant(LLM):
    """Answers at once."""

    @property
    def model_name(self) -> str:
        """Return its name."""
        return "instant"

    def generate(self, inputs: list, num_generations: int = 1) -> list[dict]:
        """Answer each input."""
        tokens = {"input_tokens": [1], "output_tokens": [1]}
        return [{"generations": [society.TEXT], "statistics": tokens} for _ in inputs]


def main() -> None:
    size, out, _ = society.arguments(__doc__)
    meter = society.Meter()
    rows = [{"persona": society.PERSONA, "post": society.FIRST_POST} for _ in range(size.turns)]
    with society.scratch() as folder:
        with Pipeline(name="rivals", cache_dir=folder) as pipeline:
            load = LoadDataFromDicts(data=rows, batch_size=BATCH)
            answer = TextGeneration(
                llm=Instant(),
                template=TEMPLATE,
                columns=["persona", "post"],
                input_batch_size=BATCH,
            )
            load >> answer
        with meter.measured():
            data = pipeline.run(use_cache=False)["default"]["train"]
        meter.calls = size.turns
        recorded = sum(one == society.TEXT for one in data["generation"])
        society.report(out, size, meter, recorded=recorded, bytes=society.bytes_in(folder))


if __name__ == "__main__":
    main()
