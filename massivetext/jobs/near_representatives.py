"""The choice of the near-duplicates that are kept, with the pairs that it takes: ``clusters = "representative"``.

The driver holds some 50 bytes per document that is in a near-duplicate pair or an oversized bucket, and one window of
the pairs (:mod:`massivetext.dedup.pair_windows`); workers measure.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup import pair_files
from massivetext.dedup.candidates import Pairs
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.pair_windows import WINDOW_PAIRS, PairWindows
from massivetext.dedup.representatives import (
    I64,
    Choice,
    Crowds,
    choose_representatives,
    components,
    diameter,
)
from massivetext.dedup.set_join import similar_pairs
from massivetext.dedup.shingle_files import select_shingle_sets
from massivetext.earlier.earlier_corpora import earlier_corpora
from massivetext.engines.engine import Engine
from massivetext.jobs.earlier_names import write_earlier_names
from massivetext.jobs.near_candidates import STAGE, CrowdRows, without_earlier_pairs
from massivetext.jobs.near_clusters import CLUSTERS, pairs_above_threshold, read_ranks
from massivetext.jobs.near_shingles import ShardGroups, plan_shard_groups, shingles_to_join
from massivetext.jobs.near_sizes import NearDedupSizes
from massivetext.jobs.near_verification import PairPart, read_pairs, verify_round, write_pairs
from massivetext.runs.context import Context
from massivetext.runs.store import CommittedFile, ShardCommit
from massivetext.schema import COMPONENTS, U64, is_earlier, shard_numbers
from massivetext.storage import files as fs
from massivetext.storage import tables

LARGEST_COMPONENTS = "duplicates/components.parquet"
EARLIER_EVIDENCE = "duplicates/earlier.parquet"

DESCRIBED = 5  # components, the largest
_GATHERED = 2**20  # document references that are gathered before they are made distinct


def write_representatives(
    engine: Engine,
    context: Context,
    lsh_partitions: LshPartitions,
    parts: Sequence[PairPart],
    crowds: CrowdRows,
    sizes: NearDedupSizes,
) -> None:
    """Choose the documents to keep, measure what that takes, write clusters and components, and commit them."""
    involved = _documents(context, crowds, parts)
    decided = _decided_pairs(context, involved)
    refs = np.union1d(involved, decided)
    documents = RankedDocuments(refs, np.lexsort((refs, read_ranks(context, refs))))
    rounds = _Rounds(engine, context, lsh_partitions, crowds, documents, sizes, parts)
    near_pairs = count_near_pairs(context, parts)
    with PairWindows(len(documents), 2 * near_pairs, window_pairs=sizes.window_pairs) as windows:
        for pairs, _ in pairs_above_threshold(context, parts):
            windows.add(documents.places(pairs))
        windows.add(documents.places(decided))
        choice = choose_representatives(
            len(documents), windows, rounds.crowds, rounds.measure, rounds.join, context.recipe.near.max_bucket
        )
        firsts = components(len(documents), windows)
        table = largest_components(documents, choice.keepers, firsts, windows)
        files: tuple[CommittedFile, ...] = (
            _write_clusters(context, documents, choice.keepers, firsts, rounds.parts, sizes),
            write_largest_components(context, table),
        )
        if context.recipe.against:
            files += (_write_earlier_names(context, documents, choice.keepers, rounds.parts),)
    commit_choice(context, files, count_choice(choice, firsts, documents))


def commit_choice(context: Context, files: tuple[CommittedFile, ...], counts: dict[str, int]) -> None:
    """Commit what was chosen."""
    context.run.commit_shard(STAGE, context.stage_keys[STAGE], ShardCommit("clusters", files, counts))


def count_near_pairs(context: Context, parts: Sequence[PairPart]) -> int:
    """Return the number of pairs above the threshold in some parts."""
    commits = context.run.done(STAGE, context.stage_keys[STAGE], [part.name for part in parts])
    return sum(commit.counts["pairs"] for commit in commits.values())


class RankedDocuments:
    """Documents by place (position in the order of their ranks).

    Args:
        document_refs: distinct, sorted document references.
        order: their positions in the order of their ranks.

    Documents of earlier corpora come first; ``is_own`` says of each place whether its document is not one of them.
    """

    def __init__(self, document_refs: U64, order: I64) -> None:
        self._sorted = document_refs
        self.refs = document_refs[order]
        self.is_own = ~is_earlier(self.refs)
        self._places = np.empty(len(order), np.int64)
        self._places[order] = np.arange(len(order))

    def __len__(self) -> int:
        return len(self.refs)

    def places(self, document_refs: U64) -> I64:
        """Return the places of document references, in their shape."""
        found: I64 = self._places[np.searchsorted(self._sorted, document_refs)]
        return found


def _documents(context: Context, crowds: CrowdRows, parts: Iterable[PairPart]) -> U64:
    """Return the documents that are in a near-duplicate pair or an oversized bucket, distinct and sorted."""
    found, gathered, count = np.zeros(0, np.uint64), [np.zeros(0, np.uint64)], 0
    in_pairs = (pairs.ravel() for pairs, _ in pairs_above_threshold(context, parts))
    in_crowds = (rows["document_ref"] for rows in crowds)
    for document_refs in (each for source in (in_pairs, in_crowds) for each in source):
        gathered.append(document_refs)
        count += len(document_refs)
        if count > max(_GATHERED, len(found)):
            found, gathered, count = np.unique(np.concatenate([found, *gathered])), [], 0
    return np.unique(np.concatenate([found, *gathered]))


def _decided_pairs(context: Context, involved: U64) -> Pairs:
    """Return (keeper, document) of the documents of earlier corpora that their own run has removed."""
    corpora, found = earlier_corpora(context), [np.zeros((0, 2), np.uint64)]
    if corpora is None:
        return found[0]
    earlier = involved[is_earlier(involved)]
    numbers = shard_numbers(earlier)
    for number in np.unique(numbers).tolist():
        rows = corpora.rows(number)
        here = np.searchsorted(rows.refs, earlier[numbers == number])
        pairs = np.stack([rows.keepers[here], rows.refs[here]], axis=1)
        found.append(pairs[pairs[:, 0] != pairs[:, 1]])
    return np.concatenate(found)


class _Rounds:
    """Measures, round by round, the pairs that the choice of keepers asks for."""

    def __init__(
        self,
        engine: Engine,
        context: Context,
        lsh_partitions: LshPartitions,
        crowds: CrowdRows,
        documents: RankedDocuments,
        sizes: NearDedupSizes,
        parts: Sequence[PairPart],
    ) -> None:
        self._engine, self._context, self._sizes = engine, context, sizes
        self._lsh_partitions, self._crowds, self._documents = lsh_partitions, crowds, documents
        self._groups = plan_shard_groups(context, sizes)
        self.parts = list(parts)

    def crowds(self) -> Iterator[Crowds]:
        """Yield the rows of oversized buckets, by LSH partition."""
        for rows in self._crowds:
            yield rows["bucket"], self._documents.places(rows["document_ref"])

    def measure(self, round_number: int, wanted: I64) -> tuple[int, I64]:
        """Measure the pairs that no band and no earlier round has measured; see ``Measure``."""
        pairs = without_earlier_pairs(np.sort(self._documents.refs[wanted], axis=1))
        partitions = pair_files.pair_partition_of(pairs, self._lsh_partitions.pair_partitions)
        parts: list[PairPart] = []
        measured = 0
        for partition in np.unique(partitions).tolist():
            new = pair_files.without_pairs(pairs[partitions == partition], self._known(partition))
            if len(new):
                measured += len(new)
                parts.append(PairPart(partition, round_number))
                write_pairs(self._context, self._groups, parts[-1], new)
        verify_round(self._engine, self._context, self._lsh_partitions, self._groups, parts, measured, self._sizes)
        self.parts += parts
        above = [self._documents.places(pairs) for pairs, _ in pairs_above_threshold(self._context, parts)]
        return measured, np.concatenate([np.zeros((0, 2), np.int64), *above])

    def join(self, groups: list[I64]) -> tuple[I64, I64]:
        """Find the similar pairs of documents of a group by their shingles; see ``Join``."""
        return join_by_shingles(self._context, self._groups, self._documents, groups)

    def _known(self, partition: int) -> Pairs:
        known = [part for part in self.parts if part.pair_partition == partition]
        return np.concatenate([read_pairs(self._context, part) for part in known])


def join_by_shingles(
    context: Context, shard_groups: ShardGroups, documents: RankedDocuments, groups: list[I64]
) -> tuple[I64, I64]:
    """Find the similar pairs within each of some groups of places, as ``Join`` does; reads the texts here."""
    refs = np.sort(documents.refs[np.concatenate(groups)])
    sets = shingles_to_join(context, shard_groups, refs)
    found = []
    for places in groups:
        own = select_shingle_sets(sets, np.searchsorted(refs, documents.refs[places]))
        joined = similar_pairs(own.shingles, own.bounds, context.recipe.near.threshold)
        found.append((places[joined.pairs], places[joined.uncompared]))
    pairs, uncompared = (np.concatenate(each) for each in zip(*found, strict=True))
    return pairs, uncompared


# -- results -----------------------------------------------------------------------------------------------------------


def _write_clusters(
    context: Context,
    documents: RankedDocuments,
    keepers: I64,
    firsts: I64,
    parts: Sequence[PairPart],
    sizes: NearDedupSizes,
) -> CommittedFile:
    """Write the keeper of each document in a near-duplicate pair, and its measured similarity with it."""
    found = np.zeros(len(documents))
    for pairs, jaccard in pairs_above_threshold(context, parts):
        add_similarities(found, documents.places(pairs), jaccard, keepers)
    table = cluster_table(documents, keepers, firsts, found)
    with fs.publish(context.run.path(CLUSTERS)) as new:
        pq.write_table(table, new, row_group_size=sizes.cluster_rows)
    return context.run.committed(new, table.num_rows)


def cluster_table(
    documents: RankedDocuments, keepers: I64, firsts: I64, similarity: npt.NDArray[np.float64]
) -> pa.Table:
    """Return the rows of the documents in a near-duplicate pair, by their references.

    Args:
        documents: the documents.
        keepers: keeper of every document.
        firsts: first place of the component of every document.
        similarity: as :func:`add_similarities` makes them.
    """
    in_component = np.bincount(firsts, minlength=len(firsts))[firsts] > 1
    rows = np.flatnonzero(in_component & documents.is_own)
    rows = rows[np.argsort(documents.refs[rows])]
    return pa.table(
        {
            "address": documents.refs[rows],
            "keeper": documents.refs[keepers[rows]],
            # null: kept, and nothing is its copy
            "similarity": pa.array(similarity[rows], mask=similarity[rows] == 0.0),
            "component": documents.refs[firsts[rows]],
        }
    )


def add_similarities(
    found: npt.NDArray[np.float64], places: I64, jaccard: npt.NDArray[np.float64], keepers: I64
) -> None:
    """Raise the similarity of each removed document to that with its keeper; of a keeper, to the highest with a copy.

    Args:
        found: changed; one number per place, 0 for a document without such a pair.
        places: int64[k, 2]: pairs of places.
        jaccard: similarity of each pair.
        keepers: keeper of every document.
    """
    ends = np.sort(places, axis=1)
    removed = keepers[ends[:, 1]] == ends[:, 0]
    for side in (0, 1):
        np.maximum.at(found, ends[removed, side], jaccard[removed])


def write_largest_components(context: Context, table: pa.Table) -> CommittedFile:
    """Write the largest components, and return the entry of the file."""
    with fs.publish(context.run.path(LARGEST_COMPONENTS)) as new:
        pq.write_table(table, new)
    return context.run.committed(new, table.num_rows)


def largest_components(documents: RankedDocuments, keepers: I64, firsts: I64, windows: PairWindows) -> pa.Table:
    """Return the largest connected components of the near-duplicate pairs, with their diameters, the largest first.

    Components of documents of earlier corpora alone are left out, and a component is named by its first own document.
    """
    own = documents.is_own
    members = np.bincount(firsts, minlength=len(firsts))
    kept = np.bincount(firsts[(keepers == np.arange(len(keepers))) & own], minlength=len(firsts))
    first_own = np.full(len(firsts), len(firsts), np.int64)
    np.minimum.at(first_own, firsts[own], np.flatnonzero(own))
    largest = np.lexsort((np.arange(len(members)), -members * (first_own < len(firsts))))[:DESCRIBED]
    largest = largest[(members[largest] > 1) & (first_own[largest] < len(firsts))]
    columns = {
        "component": documents.refs[first_own[largest]],
        "documents": members[largest],
        "kept": kept[largest],
        "diameter": [_diameter_of(first, firsts, windows) for first in largest.tolist()],
    }
    return pa.table([pa.array(columns[field.name], field.type) for field in COMPONENTS], schema=COMPONENTS)


def _write_earlier_names(
    context: Context, documents: RankedDocuments, keepers: I64, parts: Sequence[PairPart]
) -> CommittedFile:
    """Write the names of the documents of earlier corpora that are keepers, or in a measured pair."""
    pairs = (tables.read_table(context.run.path(part.evidence), ["b"])["b"].to_numpy() for part in parts)
    found = [documents.refs[keepers[documents.is_own]], *pairs]
    refs = np.unique(np.concatenate([each[is_earlier(each)] for each in found]))
    return write_earlier_names(context, EARLIER_EVIDENCE, refs)


def _diameter_of(first: int, firsts: I64, windows: PairWindows) -> int | None:
    """Return the diameter of a component; None if it has too many pairs to be in memory at once."""
    found, count = [], 0
    for window in windows:
        found.append(window[firsts[window[:, 0]] == first])
        count += len(found[-1])
        if count > WINDOW_PAIRS:
            return None
    return diameter(np.concatenate(found))


def count_choice(choice: Choice, firsts: I64, documents: RankedDocuments) -> dict[str, int]:
    """Return the counts of the commit; documents of earlier corpora are in the sizes of components alone."""
    own, is_kept = documents.is_own, choice.keepers == np.arange(len(firsts))
    members, own_members = (np.bincount(firsts[chosen], minlength=len(firsts)) for chosen in (own | True, own))
    copies = np.bincount(choice.keepers[own | is_kept], minlength=len(firsts))
    clustered = (members[firsts] > 1) & own
    found = (members > 1) & (own_members > 0)
    kept, alone = int((clustered & is_kept).sum()), int((found & (members == own_members)).sum())
    has_copies = np.bincount(choice.keepers[own & ~is_kept], minlength=len(firsts)) > 0
    counts = {
        "clusters": int(has_copies.sum()),
        "clustered": int(clustered.sum()),
        "largest_cluster": int(copies.max(initial=0)) if found.any() else 0,
        "components": int(found.sum()),
        "largest_component": int(members[found].max(initial=0)),
        "kept_apart": kept - alone,
        "rounds": choice.rounds,
        "unmeasured_pairs": choice.unmeasured,
        "uncompared_documents": choice.uncompared,
    }
    if own.all():
        return counts
    return counts | {"copies_of_earlier": int((own & ~own[choice.keepers]).sum())}
