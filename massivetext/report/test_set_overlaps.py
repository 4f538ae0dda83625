"""Results of test-set filtering: overlap of each test set with the documents, and the closest documents."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.recipe import DecontaminateOptions
from massivetext.report.accumulate import ShardSummary
from massivetext.report.examples import DocumentExample, DocumentLocation, ExampleReader, locate_row
from massivetext.report.tallies import RankedOverlap, ReportedOverlap, TestSetTally
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.stages import DECONTAMINATE
from massivetext.storage import files as fs

_ITEMS_SHOWN = 3  # items of a removed document
FREQUENT_DOCUMENTS, _FREQUENT_SHOWN = 10, 10


class OverlapExample(msgspec.Struct, frozen=True):
    """A document with the items that it overlaps most, the closest first."""

    document: DocumentExample
    overlaps: tuple[ReportedOverlap, ...]


class TestSet(msgspec.Struct, frozen=True, kw_only=True):
    """Overlap of one test set with the documents.

    Attributes:
        name: name of the test set.
        items: number of its items; None if the run does not record it.
        short: items that are too short to be looked for: of fewer than five words.
        common: items that are not looked for because all their sequences of words are common.
        items_hit: number of items that some document overlaps.
        parts: number of overlaps by what was found of the item.
        overlapping: number of documents that overlap some item.
        removed: number of documents that were removed because of it.
        words: their words.
        frequent: the items that most documents overlap, with the number of documents, if there are at least
            :data:`FREQUENT_DOCUMENTS`: likely texts that many pages quote.
        top: the closest documents.
        cut: number of documents of which something was cut out because of it, and that stayed.
        quoted: items that are taken for texts that many documents quote.
    """

    __test__ = False  # otherwise pytest collects the class as a test

    name: str
    items: int | None
    short: int
    common: int
    items_hit: int
    parts: dict[str, int]
    overlapping: int
    removed: int
    words: int
    frequent: tuple[tuple[str, int], ...]
    top: tuple[OverlapExample, ...]
    cut: int = 0
    quoted: int = 0


class Contamination(msgspec.Struct, frozen=True, kw_only=True):
    """Overlap of all test sets with the documents.

    Attributes:
        options: options of the stage in the recipe.
        items: number of items of all test sets.
        tested: number of documents that were compared with them.
        overlapping: number of documents that overlap any item.
        removed: number of documents that were removed.
        test_sets: the test sets, in the order of their names.
        cut: number of documents of which something was cut out.
    """

    options: DecontaminateOptions
    items: int
    tested: int
    overlapping: int
    removed: int
    test_sets: tuple[TestSet, ...]
    cut: int = 0


def summarise_overlaps(context: Context, examples: ExampleReader, summary: ShardSummary) -> Contamination:
    """Return the overlap of all test sets, from the merged summary and the manifest of the stage."""
    manifest = context.run.need(DECONTAMINATE.name)
    totals = manifest.totals()
    sizes = {name.removeprefix("items:"): count for name, count in totals.items() if name.startswith("items:")}
    tallies = dict.fromkeys(sizes, TestSetTally(0, 0, 0, {}, {}, ()))
    for source in summary.sources.values():
        for name, tally in source.contamination.items():
            tallies[name] = tallies[name] + tally if name in tallies else tally
    return Contamination(
        options=context.recipe.decontaminate,
        items=totals.get("items", 0),
        tested=totals.get("tested", 0),
        overlapping=sum(source.overlapping for source in summary.sources.values()),
        removed=totals.get("removed", 0),
        cut=totals.get("cut", 0),
        test_sets=tuple(_test_set(examples, name, totals, tally) for name, tally in sorted(tallies.items())),
    )


def _test_set(examples: ExampleReader, name: str, totals: Mapping[str, int], tally: TestSetTally) -> TestSet:
    locations = [locate_row(examples.context, hit.source, hit.shard, hit.row) for hit in tally.top]
    shown = examples.read(locations)
    frequent = sorted(tally.items.items(), key=lambda item: (-item[1], item[0]))[:_FREQUENT_SHOWN]
    return TestSet(
        name=name,
        items=totals.get(f"items:{name}"),
        short=totals.get(f"short:{name}", 0),
        common=totals.get(f"common:{name}", 0),
        quoted=totals.get(f"quoted:{name}", 0),
        items_hit=len(tally.items),
        parts=tally.parts,
        overlapping=tally.overlapping,
        removed=tally.removed,
        cut=tally.cut,
        words=tally.words,
        frequent=tuple((item, count) for item, count in frequent if count >= FREQUENT_DOCUMENTS),
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


def all_overlaps(context: Context) -> Iterator[dict[str, object]]:
    """Yield every overlap of a run as a table for people: document, test item, and both matched texts.

    In the order of sources, shards and documents; the overlaps that remove a document come first.
    """
    for shard in context.all_shards():
        if not context.judged_by(DECONTAMINATE.name, shard.source):
            continue
        table = context.run.read_table("contamination", shard)
        if not table.num_rows:
            continue
        documents = context.run.read_table("documents", shard, ["id", "origin", "url"])
        for hit in _ranked(shard, table):
            document = documents.slice(hit.row, 1).to_pylist()[0]
            yield {"source": shard.source, **document} | msgspec.to_builtins(_overlap(hit))


def read_overlaps(context: Context, location: DocumentLocation) -> tuple[ReportedOverlap, ...]:
    """Return every item that a document overlaps, the closest first."""
    return _overlaps_of(location, context.run.read_table("contamination", location.shard))


def _overlaps_of(location: DocumentLocation, table: pa.Table) -> tuple[ReportedOverlap, ...]:
    mine = table.filter(pc.equal(table["row"], location.row))
    return tuple(_overlap(hit) for hit in _ranked(location.shard, mine))


def _ranked(shard: Shard, table: pa.Table) -> list[RankedOverlap]:
    hits = [RankedOverlap(source=shard.source, shard=shard.index, **row) for row in table.to_pylist()]
    return sorted(hits, key=lambda hit: (hit.row, hit.order))


def _overlap(hit: RankedOverlap) -> ReportedOverlap:
    return ReportedOverlap(**{name: getattr(hit, name) for name in ReportedOverlap.__struct_fields__})
