"""Parts of a catalogue: duplicates, samples and splits."""

from collections.abc import Mapping, Sequence
from typing import Any

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.personas.catalogue.catalogue_view import CatalogueView
from simnet.personas.catalogue.entries import Duplicate, Entry

THRESHOLDS = {"exact": 1.0, "minhash": 0.8, "vector": 0.95}
"""The methods of finding duplicates, and the similarity from which on texts are near."""


class CatalogueSelection(CatalogueView):
    """What chooses some of the personas; each choice is a function of its seed and the ids."""

    def duplicates(
        self,
        method: str = "exact",
        field: str | None = None,
        threshold: float | None = None,
        *,
        filter: str | None = None,
    ) -> list[Duplicate]:
        """List the personas whose `field` says what that of an earlier one says.

        `field` is the own description if left out. Methods are

        * `exact`: equal but for case, blanks and punctuation;
        * `minhash`: Jaccard similarity of the 5-character shingles of at least `threshold` (0.8);
        * `vector`: cosine similarity of at least `threshold` (0.95), for up to 200,000 personas.

        The first of similar ones is kept, and others are compared with those that are kept.
        Raises UsageError for another method or a threshold that is not above 0 and at most 1.
        """
        from simnet.personas.catalogue import duplicates  # noqa: PLC0415 - imports numpy

        if method not in THRESHOLDS:
            hint = did_you_mean(method, THRESHOLDS) or f"; there are {', '.join(THRESHOLDS)}"
            raise UsageError(f"no method {method!r} of finding duplicates{hint}")
        least = THRESHOLDS[method] if threshold is None else threshold
        if not 0 < least <= 1:
            raise UsageError(f"threshold is {least}; give a number above 0 and at most 1")
        if not len(self):
            return []
        if method == "vector":
            ids, vectors = self._vectors(field, filter)
            pairs = duplicates.near_vectors(vectors, least)
        else:
            ids, texts = self._texts(field or "persona", filter)
            equal = method == "exact"
            pairs = duplicates.equal_texts(texts) if equal else duplicates.near_texts(texts, least)
        return [Duplicate(ids[one.row], ids[one.of], one.score) for one in pairs]

    def sample(
        self,
        size: int | None = None,
        seed: int = 0,
        *,
        by: str | None = None,
        quotas: Mapping[str, int] | None = None,
        diverse: bool = False,
        field: str | None = None,
        filter: str | None = None,
    ) -> list[Entry]:
        """Draw some of the personas, without replacement, by one of

        * `size` alone: at random;
        * `by` and `quotas`: so many of each value of the field `by`, such as a label;
        * `by` and `size`: the same number of each value, as nearly as it can be;
        * `diverse` and `size`: those furthest apart by the vectors of `field`, else of the own
          description (k-centre, greedy).

        One who has several values, such as labels, counts for one of them. Raises UsageError if
        there are too few, or for a combination that means nothing.
        """  # noqa: D400, D415 - a list follows
        from simnet.personas.catalogue import sampling  # noqa: PLC0415 - imports numpy

        if quotas is not None and (by is None or size is not None or diverse):
            raise UsageError("quotas are of the values of a field: give `by`, and no size")
        if quotas is None and size is None:
            raise UsageError("give a size, or quotas")
        if diverse and by is not None:
            raise UsageError("give either `by` or `diverse`")
        rows = self._ordered(self._condition(filter), ["id"])
        ids = rows["id"].to_pylist()
        if size is not None:
            sampling.enough(len(ids), size)
        if by is not None:
            values = self._values(by, filter)
            wanted = sampling.equal_quotas(values, size or 0) if quotas is None else quotas
            chosen = sampling.by_quota(ids, values, wanted, seed)
        elif diverse:
            ids, vectors = self._vectors(field, filter)
            chosen = sampling.diverse(ids, vectors, size or 0, seed)
        else:
            chosen = sampling.shuffled(ids, seed)[:size]
        return self._chosen([ids[row] for row in chosen])

    def split(
        self,
        shares: Mapping[str, float],
        seed: int = 0,
        *,
        by: str | None = None,
        filter: str | None = None,
    ) -> dict[str, list[Entry]]:
        """Divide the personas into parts, such as `{"train": 0.8, "validation": 0.2}`.

        With `by`, each value of that field is divided in these shares as nearly as it can be; a
        list counts as one value. Raises UsageError for shares that do not add up to 1.
        """
        from simnet.personas.catalogue import sampling  # noqa: PLC0415 - imports numpy

        ids, texts = self._texts(by, filter) if by else self._texts("id", filter)
        strata = [text or sampling.NONE for text in texts] if by else [sampling.NONE] * len(ids)
        parts = sampling.stratified(ids, strata, shares, seed)
        return {name: self._chosen([ids[row] for row in rows]) for name, rows in parts.items()}

    def _texts(self, field: str, filter: str | None) -> tuple[list[str], list[str | None]]:
        """Return the ids of those who fit a filter, and the text of a field."""
        if not len(self):
            return [], []
        column = self._column(field)
        rows = self._ordered(self._condition(filter), dict.fromkeys(["id", column]))
        return rows["id"].to_pylist(), rows[column].to_pylist()

    def _values(self, field: str, filter: str | None) -> list[list[str]]:
        """Return the values of a field: those of a list, one, or none."""
        from simnet.personas.catalogue.columns import list_column  # noqa: PLC0415

        _, texts = self._texts(field, filter)
        column = list_column(field)
        if not len(self) or column not in self._store.table().schema.names:
            return [[] if text is None else [text] for text in texts]
        lists = self._ordered(self._condition(filter), [column])[column].to_pylist()
        both = zip(texts, lists, strict=True)
        return [several or ([] if text is None else [text]) for text, several in both]

    def _vectors(self, field: str | None, filter: str | None) -> tuple[list[str], Any]:
        """Return the ids of those who fit a filter, and the vectors of a field: shape (n, d)."""
        from simnet.personas.catalogue import finding  # noqa: PLC0415 - imports pyarrow

        if not len(self):
            raise UsageError(f"there are no personas in {self.folder}")
        column = finding.compared_column(self._store, field, lambda: self._embedder)
        rows = self._ordered(self._condition(filter), ["id", column])
        return rows["id"].to_pylist(), finding.matrix_of(rows[column])

    def _chosen(self, ids: Sequence[str]) -> list[Entry]:
        """Return the entries of ids, in their order."""
        from simnet.personas.catalogue.columns import STORED, entries_of  # noqa: PLC0415
        from simnet.personas.catalogue.table_store import one_of  # noqa: PLC0415

        if not ids:
            return []
        found = {
            one.persona.id: one for one in entries_of(self._ordered(one_of("id", ids), STORED))
        }
        return [found[key] for key in ids]
