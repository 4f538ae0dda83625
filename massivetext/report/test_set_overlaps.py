"""Results of test-set filtering: overlap of each test set with the documents, and the closest documents."""

from collections.abc import Sequence

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.recipe import DecontaminateOptions
from massivetext.report.accumulate import ShardSummary
from massivetext.report.examples import DocumentExample, DocumentLocation, ExampleReader, locate_row
from massivetext.report.tallies import RankedOverlap, TestSetTally
from massivetext.runs.context import Context
from massivetext.stages import DECONTAMINATE
from massivetext.storage import files as fs

_ITEMS_SHOWN = 3  # items of a removed document


class ReportedOverlap(msgspec.Struct, frozen=True, kw_only=True):
    """Overlap of a document with a test item.

    Attributes:
        test_set: name of the test set.
        item: name of the item.
        shared: number of n-grams in common; 0: the document is the page of the item, recognised by its title.
        jaccard: Jaccard similarity, 0 to 1.
        containment: share of the item's n-grams that the document holds, 0 to 1.
    """

    test_set: str
    item: str
    shared: int
    jaccard: float
    containment: float


class OverlapExample(msgspec.Struct, frozen=True):
    """A document with the items that it overlaps most, the closest first."""

    document: DocumentExample
    overlaps: tuple[ReportedOverlap, ...]


class TestSet(msgspec.Struct, frozen=True, kw_only=True):
    """Overlap of one test set with the documents.

    Attributes:
        name: name of the test set.
        items: number of its items; None if the run does not record it.
        items_hit: number of items that some document shares an n-gram with.
        overlapping: number of documents that share an n-gram with some item.
        removed: number of documents that were removed because of it.
        top: the closest documents.
    """

    __test__ = False  # otherwise pytest collects the class as a test

    name: str
    items: int | None
    items_hit: int
    overlapping: int
    removed: int
    top: tuple[OverlapExample, ...]


class Contamination(msgspec.Struct, frozen=True, kw_only=True):
    """Overlap of all test sets with the documents.

    Attributes:
        options: options of the stage in the recipe.
        items: number of items of all test sets.
        tested: number of documents that were compared with them.
        overlapping: number of documents that share an n-gram with any item.
        removed: number of documents that were removed.
        test_sets: the test sets, in the order of their names.
    """

    options: DecontaminateOptions
    items: int
    tested: int
    overlapping: int
    removed: int
    test_sets: tuple[TestSet, ...]


def summarise_overlaps(context: Context, examples: ExampleReader, summary: ShardSummary) -> Contamination:
    """Return the overlap of all test sets, from the merged summary and the manifest of the stage."""
    manifest = context.run.need(DECONTAMINATE.name)
    totals = manifest.totals()
    sizes = {name.removeprefix("items:"): count for name, count in totals.items() if name.startswith("items:")}
    tallies = dict.fromkeys(sizes, TestSetTally(0, 0, (), ()))
    for source in summary.sources.values():
        for name, tally in source.contamination.items():
            tallies[name] = tallies[name] + tally if name in tallies else tally
    return Contamination(
        options=context.recipe.decontaminate,
        items=totals.get("items", 0),
        tested=totals.get("tested", 0),
        overlapping=sum(source.overlapping for source in summary.sources.values()),
        removed=totals.get("removed", 0),
        test_sets=tuple(_test_set(examples, name, sizes.get(name), tally) for name, tally in sorted(tallies.items())),
    )


def _test_set(examples: ExampleReader, name: str, items: int | None, tally: TestSetTally) -> TestSet:
    locations = [locate_row(examples.context, hit.source, hit.shard, hit.row) for hit in tally.top]
    shown = examples.read(locations)
    return TestSet(
        name=name,
        items=items,
        items_hit=len(tally.items),
        overlapping=tally.overlapping,
        removed=tally.removed,
        top=tuple(
            OverlapExample(shown[location], (_overlap(hit),))
            for location, hit in zip(locations, tally.top, strict=True)
        ),
    )


def overlap_examples(
    context: Context, examples: ExampleReader, locations: Sequence[DocumentLocation]
) -> tuple[OverlapExample, ...]:
    """Return the documents at some locations with the items that they overlap most, in the same order."""
    shards = sorted({location.shard for location in locations})
    read = fs.concurrently(context.run.folder, lambda shard: context.run.read_table("contamination", shard), shards)
    tables = dict(zip(shards, read, strict=True))
    return tuple(
        OverlapExample(example, _overlaps_of(location, tables[location.shard])[:_ITEMS_SHOWN])
        for example, location in zip(examples.in_order(locations), locations, strict=True)
    )


def read_overlaps(context: Context, location: DocumentLocation) -> tuple[ReportedOverlap, ...]:
    """Return every item that a document overlaps, the closest first."""
    return _overlaps_of(location, context.run.read_table("contamination", location.shard))


def _overlaps_of(location: DocumentLocation, table: pa.Table) -> tuple[ReportedOverlap, ...]:
    rows = table.filter(pc.equal(table["row"], location.row)).to_pylist()
    hits = [RankedOverlap(source=location.shard.source, shard=location.shard.index, **row) for row in rows]
    return tuple(_overlap(hit) for hit in sorted(hits, key=lambda hit: hit.order))


def _overlap(hit: RankedOverlap) -> ReportedOverlap:
    return ReportedOverlap(
        test_set=hit.test_set,
        item=hit.item,
        shared=hit.shared,
        jaccard=hit.jaccard,
        containment=hit.containment,
    )
