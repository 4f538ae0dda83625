"""Documents as shown to people: origin, first characters, and the rules that they fail with the values of signals."""

from collections.abc import Iterable, Sequence
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


def read_examples(context: Context, locations: Iterable[DocumentLocation]) -> dict[DocumentLocation, DocumentExample]:
    """Return the documents at some locations, by location. Only the row groups that hold one of them are read.

    Raises:
        StageError: a file of a shard is missing or damaged.
    """
    by_shard: dict[Shard, set[int]] = {}
    for location in locations:
        by_shard.setdefault(location.shard, set()).add(location.row)
    found: dict[DocumentLocation, DocumentExample] = {}
    for shard in sorted(by_shard):
        wanted = np.array(sorted(by_shard[shard]), np.int64)
        failures = _failures(context, shard, wanted)
        columns = list(_DocumentColumns.__struct_fields__)
        for row, values in documents.read_rows(context.run, shard, columns, wanted):
            document = msgspec.convert(values, _DocumentColumns)
            found[DocumentLocation(shard, row)] = _example(shard.source, document, failures[row])
    return found


def make_examples(context: Context, locations: Sequence[DocumentLocation]) -> tuple[DocumentExample, ...]:
    """Return the documents at some locations, in the same order."""
    shown = read_examples(context, locations)
    return tuple(shown[location] for location in locations)


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
