"""What deduplication found: clusters by size, candidate pairs by similarity, and examples of both."""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from massivetext.report.bins import SHARE_BINS, histogram
from massivetext.report.examples import Example, Place, address_of, places_of, read_examples
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import MAX_SHARDS, U64, shard_of
from massivetext.stages import EXACT_DEDUP, NEAR_DEDUP
from massivetext.storage import files as fs
from massivetext.storage import tables

EVIDENCE, CLUSTERS = "duplicates/near/", "duplicates/clusters.parquet"
_LARGEST, _MEMBERS = 5, 3
_BORDERS = np.arange(SHARE_BINS + 1) / SHARE_BINS


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Documents that are copies of each other: ``size`` with the one that is kept, by source, and some of them."""

    size: int
    sources: dict[str, int]
    kept: Example
    removed: tuple[Example, ...]


class Clusters(msgspec.Struct, frozen=True, kw_only=True):
    """All clusters of a stage.

    Attributes:
        count: clusters.
        removed: documents in them that are not kept.
        sizes: (documents in a cluster, number of such clusters), ascending.
        largest: examples.
    """

    count: int
    removed: int
    sizes: tuple[tuple[int, int], ...]
    largest: tuple[Cluster, ...]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A removed document and the one that it resembles most; similarities 0 to 1."""

    removed: Example
    other: Example
    jaccard: float
    containment: float


class NearDuplicates(msgspec.Struct, frozen=True, kw_only=True):
    """What near deduplication found.

    Attributes:
        candidates: pairs that share a band of their signatures.
        verified: pairs whose exact similarity exceeds the threshold.
        rejected_frac: share of candidates that the exact similarity rejected; 0.0 without candidates.
        threshold: similarity above which a pair is a duplicate.
        similarities: (lower border, candidate pairs) of every bin of 0.01 that is not empty.
        clusters: connected by verified pairs.
    """

    candidates: int
    verified: int
    rejected_frac: float
    threshold: float
    similarities: tuple[tuple[float, int], ...]
    clusters: Clusters


def exact_clusters(context: Context) -> Clusters:
    """The clusters of equal texts.

    Raises:
        StageError: verdicts are missing or damaged.
    """
    removed, kept = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint64)]

    def read(shard: Shard) -> pa.ChunkedArray:
        return context.run.read_table(context.verdicts_of(EXACT_DEDUP.name), shard, ["cluster"])["cluster"]

    shards = [shard for shard in context.all_shards() if context.judged_by(EXACT_DEDUP.name, shard.source)]
    for shard, cluster in zip(shards, fs.concurrently(context.run.folder, read, shards), strict=True):
        removed.append(context.document_refs(shard, np.flatnonzero(cluster.is_valid().to_numpy())))
        kept.append(cluster.drop_null().to_numpy())
    return _clusters(context, np.concatenate(removed), np.concatenate(kept))


def near_duplicates(context: Context) -> NearDuplicates:
    """What near deduplication left in ``duplicates/``."""
    counts = context.run.need(NEAR_DEDUP.name).totals("pairs/")
    candidates, verified = counts.get("candidates", 0), counts.get("pairs", 0)
    bins = np.zeros(SHARE_BINS, np.int64)
    for table in _evidence(context, ["jaccard"]):
        bins += histogram(table["jaccard"].to_numpy(), _BORDERS)
    return NearDuplicates(
        candidates=candidates,
        verified=verified,
        rejected_frac=(candidates - verified) / candidates if candidates else 0.0,
        threshold=context.recipe.near.threshold,
        similarities=tuple((float(_BORDERS[at]), int(bins[at])) for at in np.flatnonzero(bins)),
        clusters=_near_clusters(context),
    )


def _near_clusters(context: Context) -> Clusters:
    path = context.run.path(CLUSTERS)
    empty = np.zeros(0, np.uint64)
    if not fs.exists(path):  # no source takes part
        return _clusters(context, empty, empty)
    table = tables.read(path)
    addresses, kept = table["address"].to_numpy(), table["keeper"].to_numpy()
    return _clusters(context, addresses[addresses != kept], kept[addresses != kept])


def _evidence(context: Context, columns: list[str]) -> Iterator[pa.Table]:
    for file in context.run.need(NEAR_DEDUP.name).files():
        if file.path.startswith(EVIDENCE):
            for batch in tables.batches(context.run.path(file.path), columns, rows=1 << 20):
                yield pa.Table.from_batches([batch])


def pairs_of(context: Context, addresses: Sequence[int]) -> list[tuple[int, int, float, float]]:
    """Every measured pair of some documents: (the document, the other, Jaccard, containment), most similar first.

    A pair of two of the documents comes twice, once for each. Without near deduplication there are none.
    """
    wanted = np.array(sorted(addresses), np.uint64)
    found: set[tuple[int, int, float, float]] = set()
    for table in _evidence(context, ["a", "b", "jaccard", "containment"]):
        ends = {side: table[side].to_numpy() for side in ("a", "b")}
        for one, other in (("a", "b"), ("b", "a")):
            here = np.flatnonzero(np.isin(ends[one], wanted))
            measures = (table[name].to_numpy()[here].tolist() for name in ("jaccard", "containment"))
            found.update(zip(ends[one][here].tolist(), ends[other][here].tolist(), *measures, strict=True))
    return sorted(found, key=lambda pair: (-pair[2], -pair[3], pair[0], pair[1]))


def pair_examples(context: Context, places: Sequence[Place]) -> tuple[Pair, ...]:
    """Each document with the one that it resembles most, in the order of the places."""
    by_address = {address_of(context, where): where for where in places}
    closest: dict[int, tuple[int, int, float, float]] = {}
    for pair in pairs_of(context, list(by_address)):
        closest.setdefault(pair[0], pair)
    others = dict(zip(closest, places_of(context, [pair[1] for pair in closest.values()]), strict=True))
    shown = read_examples(context, [*places, *others.values()])
    return tuple(
        Pair(
            removed=shown[where],
            other=shown[others[address]],
            jaccard=closest[address][2],
            containment=closest[address][3],
        )
        for address, where in by_address.items()
        if address in closest
    )


def _clusters(context: Context, removed: U64, kept: U64) -> Clusters:
    keepers, copies = np.unique(kept, return_counts=True)
    sizes, number = np.unique(copies + 1, return_counts=True)
    order = np.lexsort((keepers, -copies))[:_LARGEST]
    return Clusters(
        count=len(keepers),
        removed=len(removed),
        sizes=tuple(zip(sizes.tolist(), number.tolist(), strict=True)),
        largest=tuple(_cluster(context, int(keepers[at]), np.sort(removed[kept == keepers[at]])) for at in order),
    )


def _cluster(context: Context, keeper: int, members: U64) -> Cluster:
    names = sorted(context.recipe.sources)
    numbers = shard_of(np.append(members, np.uint64(keeper))) // np.uint64(MAX_SHARDS)
    sources = Counter(names[number] for number in numbers.tolist())
    kept, *others = places_of(context, [keeper, *members[:_MEMBERS].tolist()])
    shown = read_examples(context, [kept, *others])
    return Cluster(
        size=len(members) + 1,
        sources=dict(sorted(sources.items())),
        kept=shown[kept],
        removed=tuple(shown[where] for where in others),
    )
