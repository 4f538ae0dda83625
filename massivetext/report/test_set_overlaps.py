"""What test-set filtering found: overlap of each test set with the corpus, and the closest hits."""

from collections.abc import Sequence

import msgspec
import pyarrow.compute as pc

from massivetext.recipe import DecontaminateOptions
from massivetext.report.accumulate import ShardSummary
from massivetext.report.examples import Example, Place, place, read_examples
from massivetext.report.tallies import Hit, TestSetTally
from massivetext.runs.context import Context
from massivetext.stages import DECONTAMINATE

_HITS = 3


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """What a document has in common with a test item.

    Attributes:
        test_set: name of the test set.
        item: name of the item.
        shared: n-grams in common; 0: the document is the page that the item was made of, told by its title.
        jaccard: 0 to 1.
        containment: share of the item's n-grams that the document holds, 0 to 1.
    """

    test_set: str
    item: str
    shared: int
    jaccard: float
    containment: float


class OverlapExample(msgspec.Struct, frozen=True):
    """A document with the items that it overlaps most."""

    document: Example
    overlaps: tuple[Overlap, ...]


class TestSet(msgspec.Struct, frozen=True, kw_only=True):
    """One test set.

    Attributes:
        name: of the test set.
        items: how many it has; None where the run does not say.
        items_hit: items that some document shares an n-gram with.
        overlapping: documents that share an n-gram with some item.
        removed: documents that were removed for it.
        top: the closest documents.
    """

    __test__ = False  # or pytest takes the class for a test

    name: str
    items: int | None
    items_hit: int
    overlapping: int
    removed: int
    top: tuple[OverlapExample, ...]


class Contamination(msgspec.Struct, frozen=True, kw_only=True):
    """All test sets together.

    Attributes:
        options: as in the recipe.
        items: of all test sets.
        tested: documents that were compared with them.
        overlapping: documents that share an n-gram with any item.
        removed: documents that were removed.
        test_sets: by name, in order.
    """

    options: DecontaminateOptions
    items: int
    tested: int
    overlapping: int
    removed: int
    test_sets: tuple[TestSet, ...]


def contamination(context: Context, summary: ShardSummary) -> Contamination:
    """What the summaries and the manifest of the stage say."""
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
        test_sets=tuple(_test_set(context, name, sizes.get(name), tally) for name, tally in sorted(tallies.items())),
    )


def _test_set(context: Context, name: str, items: int | None, tally: TestSetTally) -> TestSet:
    places = [place(context, hit.source, hit.shard, hit.row) for hit in tally.top]
    shown = read_examples(context, places)
    return TestSet(
        name=name,
        items=items,
        items_hit=len(tally.items),
        overlapping=tally.overlapping,
        removed=tally.removed,
        top=tuple(OverlapExample(shown[where], (_overlap(hit),)) for where, hit in zip(places, tally.top, strict=True)),
    )


def overlap_examples(context: Context, places: Sequence[Place]) -> tuple[OverlapExample, ...]:
    """Documents with the items that they overlap most, in the order of the places."""
    shown = read_examples(context, places)
    return tuple(OverlapExample(shown[where], overlaps(context, where)[:_HITS]) for where in places)


def overlaps(context: Context, where: Place) -> tuple[Overlap, ...]:
    """Every item that a document overlaps, the closest first."""
    table = context.run.read_table("contamination", where.shard)
    rows = table.filter(pc.equal(table["row"], where.row)).to_pylist()
    hits = [Hit(source=where.shard.source, shard=where.shard.index, **row) for row in rows]
    return tuple(_overlap(hit) for hit in sorted(hits, key=lambda hit: hit.order))


def _overlap(hit: Hit) -> Overlap:
    return Overlap(
        test_set=hit.test_set,
        item=hit.item,
        shared=hit.shared,
        jaccard=hit.jaccard,
        containment=hit.containment,
    )
