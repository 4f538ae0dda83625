"""Documents that a recipe has removed by their titles, ids and URLs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.decontaminate.removal_lists import ListedEntry, read_lists
from massivetext.decontaminate.screen import ItemHit, normalised_title
from massivetext.decontaminate.test_set_files import validate_test_sets
from massivetext.errors import UserError
from massivetext.recipe import LoadedRecipe
from massivetext.signals.canonical_urls import canonical_url, canonical_urls

COLUMNS = ("id", "title", "url", "metadata")


def validate_screening(loaded: LoadedRecipe) -> None:
    """Refuse a recipe with a test set or a removal list that cannot be read or holds nothing. Raises UserError."""
    validate_test_sets(loaded)
    ListedDocuments.of(read_lists(loaded.recipe.decontaminate, loaded.root))


@dataclass(frozen=True)
class ListedDocuments:
    """The entries of all removal lists, by kind and normal form.

    Attributes:
        titles: by words of the title; an underscore is a space.
        ids: by id: that of the run, or of the input as metadata ``id`` has it.
        urls: by canonical URL.
    """

    titles: Mapping[str, ListedEntry]
    ids: Mapping[str, ListedEntry]
    urls: Mapping[str, ListedEntry]

    @classmethod
    def of(cls, entries: Sequence[ListedEntry]) -> "ListedDocuments":
        """Return entries by their normal forms; of equal ones the first counts.

        Raises:
            UserError: a URL or title has no normal form; names the file and line.
        """
        found: dict[str, dict[str, ListedEntry]] = {kind: {} for kind in _FORMS}
        for entry in entries:
            form = _FORMS[entry.kind](entry.value)
            if not form:
                raise UserError(f"{entry.where}: want a {entry.kind}, got {entry.value[:80]!r}")
            found[entry.kind].setdefault(form, entry)
        return cls(found["title"], found["id"], found["url"])

    def find(self, documents: pa.Table, asked: npt.NDArray[np.bool_]) -> Iterator[tuple[int, ItemHit]]:
        """Yield (row, hit) of every list that names one of the documents that are asked for.

        Args:
            documents: table with :data:`COLUMNS`.
            asked: which of its rows are looked at.
        """
        rows = np.flatnonzero(asked)
        table = documents.take(pa.array(rows))
        for mine, named in self._names(table):
            for row, name in zip(rows.tolist(), named, strict=True):
                entry = mine.get(name) if name else None
                if entry is not None:
                    yield row, _hit(entry)

    def _names(self, table: pa.Table) -> Iterator[tuple[Mapping[str, ListedEntry], Sequence[str | None]]]:
        if self.titles:
            yield self.titles, [normalised_title(title or "") for title in table["title"].to_pylist()]
        if self.ids:
            yield self.ids, table["id"].to_pylist()
            metadata = (msgspec.json.decode(value, type=dict[str, str]) for value in table["metadata"].to_pylist())
            yield self.ids, [each.get("id") for each in metadata]
        if self.urls:
            yield self.urls, canonical_urls(table["url"].combine_chunks()).to_pylist()


def _title_form(title: str) -> str:
    return normalised_title(title.replace("_", " "))


def _url_form(url: str) -> str | None:
    has_scheme = url.startswith("//") or "://" in url.split("?")[0]
    return canonical_url(url if has_scheme else f"//{url}")


_FORMS: Mapping[str, Callable[[str], str | None]] = {"title": _title_form, "id": str, "url": _url_form}


def _hit(entry: ListedEntry) -> ItemHit:
    return ItemHit(entry.name, entry.value, entry.kind, entry.kind, True, 0, 0.0, 0.0, item_text=entry.value)
