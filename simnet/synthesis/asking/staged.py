"""Rows that a job has made so far, in a file of its work folder, so that they need no memory.

The file can be made again from the replies that are kept, so it is not synced.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from simnet.foundation.disk import disk_errors
from simnet.personas.persona import Persona
from simnet.personas.source import Source


class Staged:
    """Rows in the order in which they are added. Use it as a context manager to add rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0

    def __enter__(self) -> Self:
        with disk_errors(f"writing {self._path}"):
            self._file = self._path.open("w", encoding="utf-8")
        self.count = 0
        return self

    def __exit__(self, *_: object) -> None:
        with disk_errors(f"writing {self._path}"):
            self._file.close()

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row of plain values."""
        with disk_errors(f"writing {self._path}"):
            self._file.write(json.dumps(row) + "\n")  # escapes every character beyond ASCII
        self.count += 1

    def rows(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows once all are added."""
        with disk_errors(f"reading {self._path}"), self._path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


class StagedPersonas(Staged):
    """Personas in the order in which they are added."""

    def add_persona(self, persona: Persona) -> None:
        """Add a persona with its source."""
        source = None if persona.source is None else asdict(persona.source)
        self.add({**persona.model_dump(mode="json"), "source": source})

    def personas(self) -> Iterator[Persona]:
        """Iterate over the personas once all are added."""
        for row in self.rows():
            source = row.pop("source")
            yield Persona(**row, source=None if source is None else Source(**source))
