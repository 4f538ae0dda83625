"""Documents shown to a person: where they come from, how they begin, which rules they fail and by how much."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.rules import Rule
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import MAX_SHARDS, row_of, shard_of
from massivetext.stages import JUDGE

EXCERPT = 300  # characters


class Place(NamedTuple):
    """Where a document lies."""

    shard: Shard
    row: int


class Failure(msgspec.Struct, frozen=True):
    """A rule that a document fails, with the document's value of every signal that the rule bounds."""

    rule: str
    values: dict[str, float | str]
    report_only: bool


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A document as shown: ``excerpt`` is its first 300 characters, ``characters`` how many it has."""

    id: str
    source: str
    origin: str
    key: str
    url: str | None
    title: str | None
    excerpt: str
    characters: int
    failures: tuple[Failure, ...]


def place(context: Context, source: str, shard: int, row: int) -> Place:
    """The place of a row of a source's shard."""
    return Place(Shard(source, shard, context.shard_counts[source]), row)


def places_of(context: Context, addresses: Sequence[int]) -> list[Place]:
    """The places that addresses stand for, in their order."""
    names = sorted(context.recipe.sources)
    packed = np.array(addresses, np.uint64)
    numbers, rows = shard_of(packed).tolist(), row_of(packed).tolist()
    return [
        place(context, names[number // MAX_SHARDS], number % MAX_SHARDS, row)
        for number, row in zip(numbers, rows, strict=True)
    ]


def address_of(context: Context, where: Place) -> int:
    """The address of a place."""
    return int(context.document_refs(where.shard, np.array([where.row]))[0])


def read_examples(context: Context, places: Iterable[Place]) -> dict[Place, Example]:
    """The documents at some places; of each shard only the row groups that are needed are read.

    Raises:
        StageError: a part of a shard is missing or damaged.
    """
    by_shard: dict[Shard, set[int]] = {}
    for where in places:
        by_shard.setdefault(where.shard, set()).add(where.row)
    found: dict[Place, Example] = {}
    for shard in sorted(by_shard):
        wanted = np.array(sorted(by_shard[shard]), np.int64)
        failures = _failures(context, shard, wanted)
        columns = ["id", "origin", "key", "url", "title", "text"]
        for row, document in documents.read_rows(context.run, shard, columns, wanted):
            found[Place(shard, row)] = _example(shard.source, document, failures[row])
    return found


def show(context: Context, places: Sequence[Place]) -> tuple[Example, ...]:
    """The documents at some places, in their order."""
    shown = read_examples(context, places)
    return tuple(shown[where] for where in places)


def _example(source: str, document: Mapping[str, Any], failures: tuple[Failure, ...]) -> Example:
    text = document["text"]
    return Example(
        id=document["id"],
        source=source,
        origin=document["origin"],
        key=document["key"],
        url=document["url"],
        title=document["title"],
        excerpt=text[:EXCERPT],
        characters=len(text),
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
