"""Reads the personas of one file: recognises its format, converts rows, gives handles."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NoReturn

from simnet.datafiles import Broken, Reading, Row, Rows, rows
from simnet.errors import InputError, PersonaError
from simnet.foundation.text import counted
from simnet.personas.persona import Persona
from simnet.personas.source import Source
from simnet.personas.sources.columns.bookkeeping import bookkeeping
from simnet.personas.sources.columns.fields import FieldError, cell
from simnet.personas.sources.columns.mapping import mapped
from simnet.personas.sources.draft import Draft, Found
from simnet.personas.sources.families import GENERAL, MAPPED, SPECIFIC
from simnet.personas.sources.family import Fields, Format
from simnet.personas.sources.naming.handles import Handles
from simnet.personas.sources.reading.kept_embeddings import EMBEDDING_COLUMNS, Embeddings, embedded
from simnet.personas.sources.reading.origin import told_apart
from simnet.personas.sources.recognition.foreign import foreign, suggested_map
from simnet.personas.sources.recognition.headings import canonical
from simnet.personas.sources.recognition.survey_headings import SurveyHeadings

MAX_PROBLEMS = 10
"""Most broken rows that a message lists."""
MOST_NAMED = 12
"""Most columns that a message names."""
UNUSED_COLUMNS = EMBEDDING_COLUMNS | {"nn_indices", "nn_scores", "projection"}
"""Columns of FinePersonas that are skipped; they make up most of its bytes."""
_READING = Reading(
    wrappers=(
        *("personas", "agents", "users", "profiles", "people", "participants", "characters"),
        *("members", "data", "rows", "items", "records", "instances"),
    ),
    skipped=UNUSED_COLUMNS,
    read_cell=cell,
    ids=frozenset({"id"}),
)
_WITH_VECTORS = _READING._replace(skipped=UNUSED_COLUMNS - EMBEDDING_COLUMNS)


class FileReader:
    """Reads one file; keeps the handles in use and the rows that cannot be read."""

    def __init__(
        self,
        path: Path,
        form: Format | None,
        mapping: Mapping[str, str],
        source: Source,
        *,
        skip_bad: bool,
        read: Rows | None = None,
        embeddings: Embeddings | None = None,
    ) -> None:
        """Take a file and, unless it is to be recognised, its format.

        `source` is that of rows which name none; where its format is empty, the format read is
        filled in, and where it has no licence, that of the format's data set. `read` has the rows
        if they are not those of a file. With `embeddings`, each persona has the row's vector.
        """
        self.embeddings = embeddings
        self.format = form or (MAPPED if mapping else None)
        self.broken: list[Broken] = []
        self._rows: int | None = None
        """How many rows the file has, once all are read."""
        self._path = path
        self._mapping = mapping
        self._source = source
        self._skip_bad = skip_bad
        self._read = read
        self._handles = Handles()
        self._headings = SurveyHeadings()

    @property
    def source(self) -> Source:
        """The source of rows that name none."""
        if self.format is not None and not self._source.format:
            self._source = Source(
                self._source.file,
                self.format.name,
                self._source.licence or self.format.licence,
                self._source.revision,
            )
        return self._source

    def batches(self, size: int, limit: int | None) -> Iterator[list[Persona]]:
        """Read `size` personas at a time; the last batch may be smaller.

        Rows of formats that refer to each other are read as a whole first. Raises PersonaError as
        `read_batches` says.
        """
        personas = (one.persona for one in self.found(limit))
        while batch := list(islice(personas, size)):
            yield batch

    def found(self, limit: int | None) -> Iterator[Found]:
        """Iterate over personas with their places, the first ones if limited.

        None follows a broken row. Raises PersonaError, after the last row or the last that a
        message lists, for broken rows.
        """
        found = self._unlinked(limit)
        first = next(found, None)
        if first is None or self.format is None:
            return
        found = chain([first], found)
        if self.format.link is not None:
            linked, unknown = self.format.link(list(found), self._rows)
            self.complain(unknown)
            found = iter(linked)
        yield from found

    def complain(self, broken: Sequence[Broken]) -> None:
        """Note broken references. Raises PersonaError for them unless bad rows are skipped."""
        self.broken += broken
        if broken and not self._skip_bad:
            self._raise_broken()

    def _unlinked(self, limit: int | None) -> Iterator[Found]:
        count, number = 0, -1
        try:
            for number, row in enumerate(self._expanded() if limit != 0 else ()):
                result = row if isinstance(row, Broken) else self._persona(row, number)
                if isinstance(result, Broken):
                    self.broken.append(result)
                    count += not self._skip_bad
                    if len(self.broken) == MAX_PROBLEMS and not self._skip_bad:
                        break
                else:
                    count += 1
                    if self._skip_bad or not self.broken:
                        yield result
                if count == limit:
                    break
            else:
                self._rows = number + 1
        except PersonaError:
            raise
        except InputError as error:
            raise PersonaError(str(error)) from None
        if self.broken and not self._skip_bad:
            self._raise_broken()

    def _expanded(self) -> Iterator[Row | Broken]:
        """Iterate over rows with known headings; one that holds several people becomes several."""
        reading = _READING if self.embeddings is None else _WITH_VECTORS
        if "id" in self._mapping:
            reading = reading._replace(ids=reading.ids | {self._mapping["id"].lower()})
        for row in rows(self._path, reading) if self._read is None else self._read:
            if isinstance(row, Broken):
                yield row
                continue
            if self._headings.skips(row.fields):
                continue
            try:
                yield from self._people(row)
            except FieldError as error:
                yield Broken(row.place, str(error))

    def _people(self, row: Row) -> Iterator[Row]:
        fields = mapped(row.fields, self._mapping) if self._mapping else canonical(row.fields)
        fields = self._headings.named(fields)
        form = self.format = self.format or self._recognised(row.place, fields)
        if form.expand is None:
            yield Row(row.place, fields)
            return
        for number, one in enumerate(list(form.expand(fields)), 1):
            yield Row(f"{row.place}, person {number}", one)

    def _recognised(self, place: str, fields: Fields) -> Format:
        """Find the format of a row by its fields. Raises PersonaError if it has none."""
        for form in SPECIFIC:
            if form.fits(fields):
                return form
        kind = foreign(fields)
        if kind is None:
            return next(form for form in GENERAL if form.fits(fields))
        advice = f"; {kind.advice}" if kind.advice else ""
        guess = shlex.quote(suggested_map(fields) or "id=COLUMN,description=COLUMN")
        names = ", ".join(sorted(form.name for form in (*GENERAL, *SPECIFIC)))
        columns = ", ".join(map(repr, list(fields)[:MOST_NAMED])) or "none"
        more = f" and {len(fields) - MOST_NAMED} more" if len(fields) > MOST_NAMED else ""
        raise PersonaError(
            f"{self._path}: no personas: it looks like {kind.what}{advice}. {place} has the fields "
            f"{columns}{more}. If they are people, name the columns that say who: "
            f"--map {guess}; or name the format: {names}"
        )

    def _persona(self, row: Row, number: int) -> Found | Broken:
        form = self.format
        assert form is not None  # found with the first row
        try:
            fields, vector = row.fields, list[float]()
            if self.embeddings is not None:
                fields, vector = self.embeddings.take(fields)
            fields, source = told_apart(fields, self.source)
            draft = form.convert(fields)
            handle, changed = self._handles.take(draft, row.place, fields, repeats=form.repeats)
            persona = _validated(draft, handle, source, changed=changed)
        except FieldError as error:
            return Broken(row.place, str(error))
        return Found(embedded(persona, vector) if vector else persona, row.place, number)

    def raise_empty(self) -> NoReturn:
        """Raise PersonaError for a file without personas."""
        broken = f"broken rows: {len(self.broken)}" if self.broken else "it has no rows"
        raise PersonaError(f"{self._path}: no personas in this file; {broken}")

    def _raise_broken(self) -> NoReturn:
        count = len(self.broken)
        more = ", and perhaps more" if count >= MAX_PROBLEMS else ""
        listed = "\n  ".join(f"{place}: {why}" for place, why in self.broken[:MAX_PROBLEMS])
        rows_text = counted(count, "row")
        raise PersonaError(
            f"{self._path}: {rows_text} cannot be read{more}; nothing was imported. Mend the file, "
            "or leave such rows out with simnet personas import --skip-bad, in Python "
            f"skip_bad=True\n  {listed}"
        )


def _validated(draft: Draft, handle: str, source: Source, *, changed: bool) -> Persona:
    """Validate a draft. Raises FieldError, which names the invalid field."""
    attributes, untold = draft.attributes, draft.untold
    original = draft.id if draft.id is not None else draft.name
    if changed and original is not None:
        attributes = {**attributes, "original_id": original}
        untold = (*untold, "original_id")
    if not draft.complete:
        told = {name: value for name, value in attributes.items() if name not in untold}
        untold = (*untold, *bookkeeping(told, draft.description))
    try:
        return Persona(
            id=handle,
            description=draft.description,
            attributes=attributes,
            untold=tuple(name for name in untold if name in attributes),
            source=source,
        )
    except PersonaError as error:
        raise FieldError("", str(error)) from None
