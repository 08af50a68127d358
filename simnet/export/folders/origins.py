"""Where the personas of a run come from, for data cards."""

from collections import Counter
from typing import NamedTuple

from simnet.recording.reading.run import Run


class Origin(NamedTuple):
    """A source of personas, as the table `personas` has it."""

    source: str | None
    license: str | None = None
    revision: str | None = None

    def __str__(self) -> str:
        """Say where personas come from, and under which licence."""
        if self.source is None:
            return "given in the scenario"
        revision = f", revision {self.revision}" if self.revision else ""
        licence = f"licence {self.license}" if self.license else "its licence applies"
        return f"from {self.source}{revision}; {licence}"


def origins(run: Run) -> Counter[Origin]:
    """Count the personas of a run by where they come from."""
    columns = list(Origin._fields)
    rows = run.table("personas").to_table(columns=columns)
    counts = rows.group_by(columns).aggregate([([], "count_all")]).to_pylist()
    return Counter({Origin(**row): count for row in counts if (count := row.pop("count_all"))})
