"""Documents as shown to people: origin, first characters, and the rules that they fail with the values of signals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.rules import Rule
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import MAX_SHARDS, row_numbers, shard_numbers
from massivetext.stages import JUDGE
from massivetext.storage import files as fs

EXCERPT = 300  # characters


class DocumentLocation(NamedTuple):
    """Shard and row of a document."""

    shard: Shard
    row: int


class Failure(msgspec.Struct, frozen=True):
    """A rule that a document fails, with the value of every signal that the rule bounds."""

    rule: str
    values: dict[str, float | str]
    report_only: bool


class _DocumentColumns(msgspec.Struct, frozen=True):
    """The columns of a document that an example shows."""

    id: str
    origin: str
    key: str
    url: str | None
    title: str | None
    text: str


class DocumentExample(msgspec.Struct, frozen=True, kw_only=True):
    """A document as shown: ``excerpt`` holds its first 300 characters, ``characters`` is its length."""

    id: str
    source: str
    origin: str
    key: str
    url: str | None
    title: str | None
    excerpt: str
    characters: int
    failures: tuple[Failure, ...]


def locate_row(context: Context, source: str, shard: int, row: int) -> DocumentLocation:
    """Return the location of a row of a shard, by source and index of the shard."""
    return DocumentLocation(Shard(source, shard, context.shard_counts[source]), row)


def locate_documents(context: Context, document_refs: Sequence[int]) -> list[DocumentLocation]:
    """Return the locations of document references, in the same order."""
    names = sorted(context.recipe.sources)
    packed = np.array(document_refs, np.uint64)
    numbers, rows = shard_numbers(packed).tolist(), row_numbers(packed).tolist()
    return [
        locate_row(context, names[number // MAX_SHARDS], number % MAX_SHARDS, row)
        for number, row in zip(numbers, rows, strict=True)
    ]


def document_ref(context: Context, location: DocumentLocation) -> int:
    """Return the document reference of a location."""
    return int(context.document_refs(location.shard, np.array([location.row]))[0])


class ExampleReader:
    """Reads the documents that a report shows, each once; from an object store, many shards at a time.

    Only the row groups that hold one of the documents are read.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._known: dict[DocumentLocation, DocumentExample] = {}

    def read(self, locations: Iterable[DocumentLocation]) -> Mapping[DocumentLocation, DocumentExample]:
        """Return the documents that were read so far, among them those at some locations.

        Raises:
            StageError: a file of a shard is missing or damaged.
        """
        by_shard: dict[Shard, set[int]] = {}
        for location in locations:
            if location not in self._known:
                by_shard.setdefault(location.shard, set()).add(location.row)
        wanted = [(shard, np.array(sorted(rows), np.int64)) for shard, rows in sorted(by_shard.items())]
        for found in fs.concurrently(self.context.run.folder, self._read_shard, wanted):
            self._known.update(found)
        return self._known

    def in_order(self, locations: Sequence[DocumentLocation]) -> tuple[DocumentExample, ...]:
        """Return the documents at some locations, in the same order."""
        shown = self.read(locations)
        return tuple(shown[location] for location in locations)

    def _read_shard(
        self, wanted: tuple[Shard, npt.NDArray[np.int64]]
    ) -> list[tuple[DocumentLocation, DocumentExample]]:
        shard, rows = wanted
        failures = _failures(self.context, shard, rows)
        columns = list(_DocumentColumns.__struct_fields__)
        found = documents.read_rows(self.context.run, shard, columns, rows)
        return [
            (
                DocumentLocation(shard, row),
                _example(shard.source, msgspec.convert(values, _DocumentColumns), failures[row]),
            )
            for row, values in found
        ]


def _example(source: str, document: _DocumentColumns, failures: tuple[Failure, ...]) -> DocumentExample:
    return DocumentExample(
        id=document.id,
        source=source,
        origin=document.origin,
        key=document.key,
        url=document.url,
        title=document.title,
        excerpt=document.text[:EXCERPT],
        characters=len(document.text),
        failures=failures,
    )


def _failures(context: Context, shard: Shard, rows: npt.NDArray[np.int64]) -> dict[int, tuple[Failure, ...]]:
    rules: tuple[Rule, ...] = context.rules[shard.source]
    chosen = pa.array(rows)
    failed = (
        context.run.read_table(context.verdicts_of(JUDGE.name), shard, ["failed"])["failed"].take(chosen).to_pylist()
    )
    names = sorted({bounds.signal for rule in rules for bounds in rule.alternatives})
    values = context.run.read_table("signals", shard, names).take(chosen).to_pylist() if names else [{}] * len(rows)
    return {
        row: tuple(
            Failure(rule.label, {each.signal: value[each.signal] for each in rule.alternatives}, rule.report_only)
            for bit, rule in enumerate(rules)
            if mask >> bit & 1
        )
        for row, mask, value in zip(rows.tolist(), failed, values, strict=True)
    }
