"""Results of deduplication: clusters by size, candidate pairs by similarity, and examples of both."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from massivetext.report.bins import SHARE_BINS, count_bins
from massivetext.report.earlier_evidence import is_of_earlier_corpus
from massivetext.report.examples import (
    DocumentExample,
    DocumentLocation,
    ExampleReader,
    document_ref,
    locate_documents,
)
from massivetext.runs.context import Context
from massivetext.runs.store import Shard
from massivetext.schema import MAX_SHARDS, U64, is_earlier, shard_numbers
from massivetext.stages import NEAR_DEDUP
from massivetext.storage import files as fs
from massivetext.storage import tables

_PAIR_EVIDENCE, _CLUSTERS = "duplicates/near/", "duplicates/clusters.parquet"
_COMPONENTS = "duplicates/components.parquet"
_LARGEST, _MEMBERS = 5, 3
_BORDERS = np.arange(SHARE_BINS + 1) / SHARE_BINS


class DuplicateCluster(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster of copies: number of documents (with the keeper), per source too; the keeper; some of the others."""

    size: int
    sources: dict[str, int]
    kept: DocumentExample
    removed: tuple[DocumentExample, ...]


class ClusterReport(msgspec.Struct, frozen=True, kw_only=True):
    """All clusters of a stage.

    Attributes:
        count: number of clusters.
        removed: number of documents in them that are not kept.
        sizes: (documents per cluster, number of such clusters), ascending.
        largest: examples, the largest first.
        earlier: number of documents, not in these clusters, that were removed for one of an earlier corpus.
    """

    count: int
    removed: int
    sizes: tuple[tuple[int, int], ...]
    largest: tuple[DuplicateCluster, ...]
    earlier: int = 0


class ReportedComponent(msgspec.Struct, frozen=True, kw_only=True):
    """Documents that near-duplicate pairs connect, directly or through others.

    Attributes:
        documents: number of documents.
        kept: number of them that are kept.
        diameter: pairs on the way between the two documents farthest from each other; None: not measured.
        first: the first document by rank.
    """

    documents: int
    kept: int
    diameter: int | None
    first: DocumentExample


class ComponentReport(msgspec.Struct, frozen=True, kw_only=True):
    """What near-duplicate pairs connect, where removal is by representative.

    Attributes:
        count: number of components.
        kept_apart: documents that are kept and that transitive clusters would have removed besides.
        rounds: rounds in which pairs were measured that no band had proposed.
        unmeasured_pairs: pairs that were left out after the last round.
        uncompared_documents: kept documents of oversized buckets that were not compared with all others there that may
            be similar, because there are too many.
        largest: the largest, in descending order of size.
    """

    count: int
    kept_apart: int
    rounds: int
    unmeasured_pairs: int
    uncompared_documents: int = 0  # in runs of older versions
    largest: tuple[ReportedComponent, ...]


class ReportedPair(msgspec.Struct, frozen=True, kw_only=True):
    """A removed document, and the kept one that it resembles, or else the most similar one; similarities 0 to 1."""

    removed: DocumentExample
    other: DocumentExample
    jaccard: float
    containment: float


class NearDuplicateReport(msgspec.Struct, frozen=True, kw_only=True):
    """Results of near-duplicate removal.

    Attributes:
        candidates: number of pairs that were measured.
        verified: number of pairs whose exact similarity exceeds the threshold.
        rejected_frac: share of candidates that the exact similarity rejected; 0.0 without candidates.
        threshold: similarity above which a pair is a duplicate.
        similarities: (lower border, number of candidate pairs) of every bin of 0.01 that is not empty.
        clusters: kept documents with those that were removed for their sake.
        components: what the verified pairs connect; None with transitive clusters, which are the same.
    """

    candidates: int
    verified: int
    rejected_frac: float
    threshold: float
    similarities: tuple[tuple[float, int], ...]
    clusters: ClusterReport
    components: ComponentReport | None = None


def stored_clusters(context: Context, examples: ExampleReader, stage: str) -> ClusterReport:
    """Return the clusters of a stage whose verdicts name the kept document of each removed one.

    Raises:
        StageError: verdicts are missing or damaged.
    """
    removed, kept = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint64)]

    def read(shard: Shard) -> pa.ChunkedArray:
        return context.run.read_table(context.verdicts_of(stage), shard, ["cluster"])["cluster"]

    shards = [shard for shard in context.all_shards() if context.judged_by(stage, shard.source)]
    for shard, cluster in zip(shards, fs.concurrently(context.run.folder, read, shards), strict=True):
        removed.append(context.document_refs(shard, np.flatnonzero(cluster.is_valid().to_numpy())))
        kept.append(cluster.drop_null().to_numpy())
    return _clusters(context, examples, np.concatenate(removed), np.concatenate(kept))


def near_duplicates(context: Context, examples: ExampleReader) -> NearDuplicateReport:
    """Return the results of near-duplicate removal, from ``duplicates/``."""
    counts = context.run.need(NEAR_DEDUP.name).totals("pairs/")
    candidates, verified = counts.get("candidates", 0), counts.get("pairs", 0)
    bins = np.zeros(SHARE_BINS, np.int64)
    for table in _evidence(context, ["jaccard"]):
        bins += count_bins(table["jaccard"].to_numpy(), _BORDERS)
    return NearDuplicateReport(
        candidates=candidates,
        verified=verified,
        rejected_frac=(candidates - verified) / candidates if candidates else 0.0,
        threshold=context.recipe.near.threshold,
        similarities=tuple((float(_BORDERS[at]), int(bins[at])) for at in np.flatnonzero(bins)),
        clusters=_near_clusters(context, examples),
        components=_components(context, examples),
    )


def _near_clusters(context: Context, examples: ExampleReader) -> ClusterReport:
    path = context.run.path(_CLUSTERS)
    empty = np.zeros(0, np.uint64)
    if not fs.exists(path):  # no source is deduplicated
        return _clusters(context, examples, empty, empty)
    table = tables.read_table(path)
    document_refs, kept = table["address"].to_numpy(), table["keeper"].to_numpy()
    return _clusters(context, examples, document_refs[document_refs != kept], kept[document_refs != kept])


def _components(context: Context, examples: ExampleReader) -> ComponentReport | None:
    counts = context.run.need(NEAR_DEDUP.name).totals("clusters")
    if "components" not in counts:
        return None
    rows = tables.read_table(context.run.path(_COMPONENTS)).to_pylist()
    firsts = locate_documents(context, [row["component"] for row in rows])
    return ComponentReport(
        count=counts["components"],
        kept_apart=counts["kept_apart"],
        rounds=counts["rounds"],
        unmeasured_pairs=counts["unmeasured_pairs"],
        uncompared_documents=counts.get("uncompared_documents", 0),
        largest=tuple(
            ReportedComponent(documents=row["documents"], kept=row["kept"], diameter=row["diameter"], first=first)
            for row, first in zip(rows, examples.in_order(firsts), strict=True)
        ),
    )


def _evidence(context: Context, columns: list[str]) -> Iterator[pa.Table]:
    files = [file for file in context.run.need(NEAR_DEDUP.name).files() if file.path.startswith(_PAIR_EVIDENCE)]
    yield from fs.concurrently(
        context.run.folder, lambda file: tables.read_table(context.run.path(file.path), columns), files
    )


def read_pairs(context: Context, document_refs: Sequence[int]) -> list[tuple[int, int, float, float]]:
    """Return every measured pair of some documents as (document, other, Jaccard, containment), most similar first.

    A pair of two of the documents is returned twice, once for each. Requires that near-dedup is complete.
    """
    wanted = np.array(sorted(document_refs), np.uint64)
    found: set[tuple[int, int, float, float]] = set()
    for table in _evidence(context, ["a", "b", "jaccard", "containment"]):
        ends = {side: table[side].to_numpy() for side in ("a", "b")}
        for one, other in (("a", "b"), ("b", "a")):
            here = np.flatnonzero(np.isin(ends[one], wanted))
            measures = (table[name].to_numpy()[here].tolist() for name in ("jaccard", "containment"))
            found.update(zip(ends[one][here].tolist(), ends[other][here].tolist(), *measures, strict=True))
    return sorted(found, key=lambda pair: (-pair[2], -pair[3], pair[0], pair[1]))


def path_to_keeper(context: Context, document: int, keeper: int) -> list[tuple[int, float]]:
    """Return the shortest way from a document to its keeper, each step a near-duplicate pair.

    Returns:
        (document reference, similarity with the one before) of each document on the way, the keeper last; empty if
        near-duplicate pairs do not lead there. Of several ways, the one with the smallest references.
    """
    pairs: dict[int, list[tuple[int, float]]] = {}
    table = tables.read_table(context.run.path(_CLUSTERS), ["address", "keeper"])
    members = table["address"].to_numpy()[table["keeper"].to_numpy() == keeper]
    for evidence in _evidence(context, ["a", "b", "jaccard"]):
        a, b, jaccard = (column.to_numpy() for column in evidence.columns)
        within = np.isin(a, members) & np.isin(b, members) & (jaccard > context.recipe.near.threshold)
        for one, other, value in zip(a[within].tolist(), b[within].tolist(), jaccard[within].tolist(), strict=True):
            pairs.setdefault(one, []).append((other, value))
            pairs.setdefault(other, []).append((one, value))
    before: dict[int, tuple[int, float]] = {keeper: (keeper, 0.0)}  # from the keeper outwards
    waiting = [keeper]
    for reached in waiting:
        for other, value in sorted(pairs.get(reached, [])):
            if other not in before:
                before[other] = (reached, value)
                waiting.append(other)
    way: list[tuple[int, float]] = []
    while document != keeper and document in before:
        way.append(before[document])
        document = before[document][0]
    return way


def pair_examples(
    context: Context, examples: ExampleReader, locations: Sequence[DocumentLocation]
) -> tuple[ReportedPair, ...]:
    """Return each document with its keeper, or with the document most similar to it if these two were not measured.

    The order is that of the locations.
    """
    by_ref = {document_ref(context, location): location for location in locations}
    keepers = {ref: _keeper_of(context, location) for ref, location in by_ref.items()}
    closest: dict[int, tuple[int, int, float, float]] = {}
    for pair in read_pairs(context, list(by_ref)):
        if is_of_earlier_corpus(pair[1]):  # the run has no text of it to show
            continue
        if pair[0] not in closest or pair[1] == keepers[pair[0]]:
            closest[pair[0]] = pair
    others = dict(zip(closest, locate_documents(context, [pair[1] for pair in closest.values()]), strict=True))
    shown = examples.read([*locations, *others.values()])
    return tuple(
        ReportedPair(
            removed=shown[location],
            other=shown[others[ref]],
            jaccard=closest[ref][2],
            containment=closest[ref][3],
        )
        for ref, location in by_ref.items()
        if ref in closest
    )


def _keeper_of(context: Context, location: DocumentLocation) -> int | None:
    table = context.run.read_table(context.verdicts_of(NEAR_DEDUP.name), location.shard, ["cluster"])
    keeper: int | None = table["cluster"][location.row].as_py()
    return keeper


def _clusters(context: Context, examples: ExampleReader, removed: U64, kept: U64) -> ClusterReport:
    own = ~is_earlier(kept)
    earlier, removed, kept = int((~own).sum()), removed[own], kept[own]
    keepers, copies = np.unique(kept, return_counts=True)
    sizes, number = np.unique(copies + 1, return_counts=True)
    order = np.lexsort((keepers, -copies))[:_LARGEST]
    return ClusterReport(
        count=len(keepers),
        removed=len(removed),
        sizes=tuple(zip(sizes.tolist(), number.tolist(), strict=True)),
        largest=_largest(context, examples, {int(keepers[at]): np.sort(removed[kept == keepers[at]]) for at in order}),
        earlier=earlier,
    )


def _largest(context: Context, examples: ExampleReader, clusters: Mapping[int, U64]) -> tuple[DuplicateCluster, ...]:
    """Return clusters, given as keeper -> removed documents, with examples."""
    shown = {
        keeper: locate_documents(context, [keeper, *members[:_MEMBERS].tolist()])
        for keeper, members in clusters.items()
    }
    examples.read(itertools.chain.from_iterable(shown.values()))
    names = sorted(context.recipe.sources)
    found = []
    for keeper, members in clusters.items():
        numbers = shard_numbers(np.append(members, np.uint64(keeper))) // np.uint64(MAX_SHARDS)
        sources = Counter(names[number] for number in numbers.tolist())
        kept, *removed = examples.in_order(shown[keeper])
        found.append(
            DuplicateCluster(
                size=len(members) + 1, sources=dict(sorted(sources.items())), kept=kept, removed=tuple(removed)
            )
        )
    return tuple(found)
