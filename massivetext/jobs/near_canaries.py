"""The near-duplicates of canaries: found in the buckets of the run, and decided after all documents are.

Every document comes before every canary, and its own decision is given. So canaries are kept and removed as documents
of the last ranks would be, and change nothing about any other document. The driver does this alone: there are few.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup.canary_candidates import unpack_canary_candidates
from massivetext.dedup.candidates import Pairs, distinct_pairs
from massivetext.dedup.clusters import connected_components
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.near_duplicates import is_near_duplicate
from massivetext.dedup.pair_files import without_pairs
from massivetext.dedup.pair_windows import PairWindows
from massivetext.dedup.representatives import I64, choose_representatives
from massivetext.earlier.earlier_corpora import earlier_corpora
from massivetext.jobs.near_candidates import STAGE, CrowdRows, canary_file
from massivetext.jobs.near_clusters import CANARY_CLUSTERS, CLUSTERS, read_ranks
from massivetext.jobs.near_representatives import RankedDocuments
from massivetext.jobs.near_shingles import shingles_of_documents
from massivetext.jobs.near_verification import measure_pairs, pairs_table
from massivetext.runs.canary_names import CANARIES
from massivetext.runs.canary_run import canary_commit
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit
from massivetext.schema import PAIRS, U64, is_canary
from massivetext.storage import files as fs
from massivetext.storage import tables

CANARY_PAIRS = "duplicates/canary-pairs.parquet"
_COMMIT = "clusters"
_PAIRS_AT_ONCE = 8_192  # whose shingles are in memory
# Kept documents of an oversized bucket that canaries are compared with, the first by rank. The run finds the similar
# pairs among all of them, by rare shingles.
_MOST_IN_CROWD = 4_096


def write_canary_clusters(context: Context, lsh_partitions: LshPartitions) -> None:
    """Measure the candidate pairs of all canaries, and write which of them are removed and for what."""
    if context.run.shard_commit(STAGE, context.stage_keys[STAGE], f"{CANARIES}/{_COMMIT}") is not None:
        return
    decided = _Decided(context)
    pairs, crowds = _read_candidates(context, lsh_partitions)
    pairs = _sorted(np.concatenate([pairs, _pairs_in_crowds(context, lsh_partitions, decided, crowds)]))
    measured = _Measured(context)
    measured.measure(pairs)
    choose = _choose_connected if context.recipe.near.is_transitive else _choose_represented
    keepers = choose(context, measured, decided)
    with fs.publish(context.run.path(CANARY_CLUSTERS)) as clusters:
        pq.write_table(keepers, clusters)
    with fs.publish(context.run.path(CANARY_PAIRS)) as evidence:
        pq.write_table(measured.table, evidence)
    files = (
        context.run.committed(clusters, keepers.num_rows),
        context.run.committed(evidence, measured.table.num_rows),
    )
    commit = ShardCommit(_COMMIT, files, {"pairs": measured.table.num_rows})
    context.run.commit_shard(STAGE, context.stage_keys[STAGE], canary_commit(commit))


class _Decided:
    """What has been decided about the documents that are in near-duplicate pairs."""

    def __init__(self, context: Context) -> None:
        table = tables.read_table(context.run.path(CLUSTERS), ["address", "keeper"])
        self._refs, self._keepers = (column.to_numpy() for column in table.columns)

    def keepers(self, document_refs: U64) -> U64:
        """Return the keeper of each document; its own reference if it is kept."""
        found = document_refs.copy()
        if len(self._refs):
            at = np.minimum(np.searchsorted(self._refs, document_refs), len(self._refs) - 1)
            known = self._refs[at] == document_refs
            found[known] = self._keepers[at[known]]
        return found


class _Measured:
    """The pairs of canaries that are measured so far."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.table = PAIRS.empty_table()

    def measure(self, pairs: Pairs) -> tuple[int, Pairs]:
        """Measure those pairs that are not known; return their number, and which of them are near-duplicates."""
        new = without_pairs(pairs, self._pairs(self.table))
        found = [np.zeros((0, 2), np.uint64)]
        for first in range(0, len(new), _PAIRS_AT_ONCE):
            some = new[first : first + _PAIRS_AT_ONCE]
            sets = shingles_of_documents(self._context, np.unique(some))
            jaccard, containment = measure_pairs(sets, some, earlier_corpora(self._context))
            self.table = pa.concat_tables([self.table, pairs_table(some, jaccard, containment)])
            found.append(some[is_near_duplicate(jaccard, self._context.recipe.near)])
        return len(new), np.concatenate(found)

    def near(self) -> tuple[Pairs, npt.NDArray[np.float64]]:
        """Return all near-duplicate pairs with their similarities."""
        jaccard = self.table["jaccard"].to_numpy()
        above = is_near_duplicate(jaccard, self._context.recipe.near)
        return self._pairs(self.table)[above], jaccard[above]

    @staticmethod
    def _pairs(table: pa.Table) -> Pairs:
        return np.stack([table["a"].to_numpy(), table["b"].to_numpy()], axis=1)


def _sorted(pairs: Pairs) -> Pairs:
    return distinct_pairs(np.sort(pairs, axis=1))


def _read_candidates(context: Context, lsh_partitions: LshPartitions) -> tuple[Pairs, npt.NDArray[np.void]]:
    paths = [canary_file(context, number) for number in range(lsh_partitions.lsh_partition_count)]
    read = [unpack_canary_candidates(data) for data in fs.concurrently(context.run.folder, fs.read_bytes, paths)]
    return np.concatenate([pairs for pairs, _ in read]), np.concatenate([rows for _, rows in read])


def _pairs_in_crowds(
    context: Context, lsh_partitions: LshPartitions, decided: _Decided, crowds: npt.NDArray[np.void]
) -> Pairs:
    """Return the pairs of canaries in oversized buckets with the first kept documents of their buckets by rank."""
    found = [np.zeros((0, 2), np.uint64)]
    if not len(crowds):
        return found[0]
    for rows in CrowdRows(context, lsh_partitions):
        of_canaries = crowds[np.isin(crowds["bucket"], rows["bucket"])]
        for bucket in np.unique(of_canaries["bucket"]):
            members = np.unique(rows["document_ref"][rows["bucket"] == bucket])
            kept = members[decided.keepers(members) == members]
            first = kept[np.lexsort((kept, read_ranks(context, kept)))][:_MOST_IN_CROWD]
            canaries = of_canaries["document_ref"][of_canaries["bucket"] == bucket]
            found.append(np.stack([np.tile(first, len(canaries)), np.repeat(canaries, len(first))], axis=1))
    return np.concatenate(found)


def _choose_represented(context: Context, measured: _Measured, decided: _Decided) -> pa.Table:
    pairs, _ = measured.near()
    others = np.unique(pairs[~is_canary(pairs)])
    keepers = decided.keepers(others)
    refs = np.unique(np.concatenate([pairs.ravel(), keepers]))
    documents = RankedDocuments(refs, np.lexsort((refs, read_ranks(context, refs), is_canary(refs))))

    def measure(_: int, wanted: I64) -> tuple[int, I64]:
        asked = documents.refs[wanted]
        count, above = measured.measure(_sorted(asked[is_canary(asked).any(axis=1)]))
        return count, documents.places(above)

    removed = keepers != others
    with PairWindows(len(refs), 0) as windows:
        windows.add(documents.places(pairs))
        windows.add(documents.places(np.stack([keepers[removed], others[removed]], axis=1)))
        choice = choose_representatives(len(refs), windows, lambda: (), measure, _nothing_to_join, 1)
    planted = is_canary(documents.refs)
    return _keepers_table(measured, documents.refs[planted], documents.refs[choice.keepers[planted]])


def _choose_connected(_: Context, measured: _Measured, decided: _Decided) -> pa.Table:
    """Remove every canary that near-duplicate pairs connect with a document, and of others all but the first."""
    pairs, _jaccard = measured.near()
    nodes, labels = connected_components(
        np.where(is_canary(pairs), pairs, decided.keepers(pairs.ravel()).reshape(-1, 2))
    )
    order = np.lexsort((nodes, is_canary(nodes)))
    _distinct, begins, groups = np.unique(labels[order], return_index=True, return_inverse=True)
    first = np.empty_like(nodes)
    first[order] = nodes[order][begins][groups]
    planted = is_canary(nodes)
    return _keepers_table(measured, nodes[planted], first[planted])


def _keepers_table(measured: _Measured, canaries: U64, keepers: U64) -> pa.Table:
    """Return reference, keeper and similarity of canaries in near-duplicate pairs, as clusters have them.

    The similarity is that with the keeper; the highest of the canary, if it is kept or the pair is not measured.
    """
    pairs, jaccard = measured.near()
    highest: dict[int, float] = {}
    exact: dict[tuple[int, int], float] = {}
    for (a, b), value in zip(pairs.tolist(), jaccard.tolist(), strict=True):
        exact[a, b] = exact[b, a] = value
        for end in (a, b):
            highest[end] = max(highest.get(end, 0.0), value)
    similarity = [
        exact.get((canary, keeper), highest.get(canary, 0.0))
        for canary, keeper in zip(canaries.tolist(), keepers.tolist(), strict=True)
    ]
    table = pa.table({"address": canaries, "keeper": keepers, "similarity": similarity})
    return table.sort_by("address")


def _nothing_to_join(_groups: list[I64]) -> tuple[I64, I64]:
    """Return no pairs: what canaries in oversized buckets resemble is measured before."""
    return np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
