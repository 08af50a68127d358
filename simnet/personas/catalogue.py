"""A folder of personas that can be searched by words and by similarity."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simnet.errors import PersonaError, UsageError
from simnet.personas.catalogue_file import COLUMNS, load_rows, locked, write_rows
from simnet.personas.names import normal
from simnet.personas.persona import Attribute, Persona
from simnet.personas.source import Source
from simnet.personas.sources import CATALOGUE_FILE as FILE
from simnet.text import did_you_mean

if TYPE_CHECKING:
    from simnet.personas.vectors import TextIndex

_WORD = re.compile(r"\w+")


class Entry(NamedTuple):
    """A persona and its source."""

    persona: Persona
    source: Source


class Similar(NamedTuple):
    """An entry and its cosine similarity to the query, 0 to 1."""

    entry: Entry
    score: float


class Added(NamedTuple):
    """How many personas were added, and how many were there already."""

    new: int
    known: int
    """Personas that the catalogue had already, equal in every field."""


class Catalogue:
    """Personas in one Parquet file, which is replaced atomically as a whole.

    Fields are named as in the source: a field name means the attribute of that name if there
    is one, else the persona's own `id` or `description` (also called `persona`). So for rows of
    PersonaHub, `description` is the data set's column of that name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: dict[str, list[Any]]
        self._row_of: dict[str, int]
        self._parsed_attributes: list[dict[str, Attribute]] | None
        self._indices: dict[str | None, TextIndex]
        self._read()

    @classmethod
    def open(cls, folder: str | Path) -> "Catalogue":
        """Open a catalogue; it is empty if the folder does not exist.

        Raises PersonaError if the folder holds something else.
        """
        return cls(Path(folder))

    def __len__(self) -> int:
        return len(self._rows["id"])

    def __iter__(self) -> Iterator[Entry]:
        return (self._entry(row) for row in range(len(self)))

    def __contains__(self, key: object) -> bool:
        return key in self._row_of

    def add(self, personas: Sequence[Persona], source: Source | None = None) -> Added:
        """Add personas, all or none; those it has already are skipped.

        `source` is that of personas which have none of their own. A persona is known by its id,
        description and attributes, whatever is untold of it. Raises PersonaError if an id
        belongs to a different persona here.
        """
        source = source or Source("", "simnet")
        with locked(self.folder):
            self._read()
            fresh = self._fresh(personas, source)
            if fresh:
                kept = self._rows
                both = {
                    name: [*kept[name], *(row[place] for row in fresh)]
                    for place, name in enumerate(COLUMNS)
                }
                write_rows(self.folder / FILE, both)
                self._take(both)
        return Added(len(fresh), len(personas) - len(fresh))

    def get(self, key: str) -> Entry:
        """Return the persona with this id, or with this id in the file it was imported from.

        Raises UsageError with similar ids if there is none.
        """
        row = self._find(key)
        if row is not None:
            return self._entry(row)
        hint = did_you_mean(key, self._rows["id"], most=3)
        raise UsageError(f"no persona {key!r} among the {len(self)} in {self.folder}{hint}")

    def search(self, text: str, field: str | None = None, limit: int | None = None) -> list[Entry]:
        """List the personas that have all words of `text`, in the order they were added.

        Case is ignored, and a word matches all words that begin with it. Without `field`, all
        fields are searched. Raises UsageError for a field that no persona has.
        """
        return [self._entry(row) for row in islice(self._matching(text, field), limit)]

    def count(self, text: str, field: str | None = None) -> int:
        """Count the personas that `search` finds without a limit."""
        return sum(1 for _ in self._matching(text, field))

    def similar(self, to: str, field: str | None = None, limit: int = 10) -> list[Similar]:
        """List the personas most similar to one (given its id) or to a text, best first.

        They are compared by `field`, else by their own description. The measure is that of
        simnet.personas.vectors.
        """
        texts = self._texts(field) if field else self._rows["description"]
        own_row = self._find(to)
        index = self._index(field, texts)
        near = index.nearest(texts[own_row] if own_row is not None else to, limit + 1)
        others = [(row, score) for row, score in near if row != own_row][:limit]
        return [Similar(self._entry(row), score) for row, score in others]

    def fields(self) -> list[str]:
        """List the names of all fields that can be searched."""
        names = {name for attributes in self._attributes() for name in attributes}
        return sorted(names | {"id", "description", "persona"})

    def _find(self, key: str) -> int | None:
        """Find the row of an id, else the first one that had this id before its import."""
        key = normal(key.removeprefix("@") if key[1:] in self._row_of else key)
        if key in self._row_of:
            return self._row_of[key]
        originals = enumerate(one.get("original_id") for one in self._attributes())
        return next(
            (row for row, original in originals if isinstance(original, str) and original == key),
            None,
        )

    def _matching(self, text: str, field: str | None) -> Iterator[int]:
        words = _WORD.findall(text)
        if not words:
            raise UsageError(f"there is no word in {text!r} to search for")
        patterns = [
            re.compile(_word_start(word) + re.escape(word), re.IGNORECASE) for word in words
        ]
        return (
            row
            for row, text in enumerate(self._texts(field))
            if all(pattern.search(text) for pattern in patterns)
        )

    def _texts(self, field: str | None) -> list[str]:
        """Return the text of a field for every persona."""
        if field is None:
            rows = zip(self._rows["id"], self._rows["description"], self._attributes(), strict=True)
            return [
                "\n".join([key, own, *map(_text, attributes.values())])
                for key, own, attributes in rows
            ]
        own = self._rows.get("description" if field == "persona" else field, [])
        has_own = field in {"id", "description", "persona"}
        all_attributes = self._attributes()
        if not has_own and not any(field in one for one in all_attributes):
            names = self.fields()
            hint = did_you_mean(field, names) or f"; there are {', '.join(names)}"
            raise UsageError(f"no persona in {self.folder} has a field {field!r}{hint}")
        if not has_own:
            return [_text(one.get(field)) for one in all_attributes]
        return [_text(one.get(field, mine)) for one, mine in zip(all_attributes, own, strict=True)]

    def _attributes(self) -> list[dict[str, Attribute]]:
        if self._parsed_attributes is None:
            self._parsed_attributes = [json.loads(written) for written in self._rows["attributes"]]
        return self._parsed_attributes

    def _index(self, field: str | None, texts: Sequence[str]) -> "TextIndex":
        from simnet.personas.vectors import TextIndex  # noqa: PLC0415 - imports numpy

        if field not in self._indices:
            self._indices[field] = TextIndex(texts)
        return self._indices[field]

    def _entry(self, row: int) -> Entry:
        key, description, attributes, untold, *source = (self._rows[name][row] for name in COLUMNS)
        origin = Source(*source)
        persona = Persona(
            id=key,
            description=description,
            attributes=json.loads(attributes),
            untold=tuple(untold),
            source=origin if origin.file or origin.licence else None,
        )
        return Entry(persona, origin)

    def _fresh(self, personas: Sequence[Persona], source: Source) -> list[tuple[Any, ...]]:
        """Return the rows that the catalogue does not have yet."""
        fresh: dict[str, tuple[Any, ...]] = {}
        for persona in personas:
            attributes = json.dumps(persona.attributes, ensure_ascii=False)
            row = (persona.id, persona.description, attributes, list(persona.untold))
            known = fresh.get(persona.id, ())[:4] or self._row(persona.id)
            if not known:
                fresh[persona.id] = (*row, *astuple(persona.source or source))
            elif known[:3] != row[:3]:
                raise PersonaError(
                    f"{persona.id!r} is somebody else in {self.folder} already; rename one of "
                    "them or use another folder; nothing was added"
                )
        return list(fresh.values())

    def _row(self, key: str) -> tuple[Any, ...]:
        if key not in self._row_of:
            return ()
        return tuple(self._rows[name][self._row_of[key]] for name in COLUMNS[:4])

    def _read(self) -> None:
        self._take(load_rows(self.folder / FILE))

    def _take(self, rows: dict[str, list[Any]]) -> None:
        self._rows = rows
        self._row_of = {key: row for row, key in enumerate(rows["id"])}
        self._parsed_attributes = None
        self._indices = {}


def _word_start(word: str) -> str:
    """Return a pattern for the start of a word, in scripts with spaces between words."""
    return r"(?<!\w)" if word[0].isdigit() or word[0].lower() != word[0].upper() else ""


def _text(value: Attribute) -> str:
    if isinstance(value, list):
        return "\n".join(value)
    return "" if value is None else str(value)
