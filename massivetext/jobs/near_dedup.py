"""Near-deduplication: signatures -> candidate pairs -> measured pairs -> keepers -> verdicts.

Only bucket hashes and document references cross a shuffle. To measure candidate pairs, the texts of their documents are
read once more, and their shingles compared exactly; every measured pair is stored as evidence in ``duplicates/near``.
"""

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from massivetext.dedup.banding import band_column
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.near_duplicates import sign_texts
from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.errors import UserError
from massivetext.formatting import format_bytes
from massivetext.jobs.canary_shards import run_for_canaries
from massivetext.jobs.near_canaries import write_canary_clusters
from massivetext.jobs.near_candidates import SIGNATURES, STAGE, CrowdRows, find_candidates, plan_lsh_partitions
from massivetext.jobs.near_choice_rounds import choose_in_rounds
from massivetext.jobs.near_clusters import CANARY_CLUSTERS, CLUSTERS, write_transitive_clusters
from massivetext.jobs.near_representatives import count_near_pairs, write_representatives
from massivetext.jobs.near_sizes import DEFAULT_SIZES, NearDedupSizes
from massivetext.jobs.near_verification import PairPart, verify_candidates
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.run_log import count_work
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.schema import DUPLICATE_VERDICTS, MAX_ROWS, U64, row_numbers
from massivetext.storage import tables

SIGNATURE_COST = 1 / 60e6  # seconds per byte of text, measured: shingles and 256 hashes
_TRANSITIVE_BYTES = 120  # of the driver's memory per near-duplicate pair, measured
SIGNED_TEXTS = 1024  # texts that are signed at once: 2 MiB of working memory, and progress that can be seen


def run_near_dedup(
    engine: Engine, context: Context, items: Sequence[WorkItem], sizes: NearDedupSizes = DEFAULT_SIZES
) -> None:
    """Write signatures, evidence and verdicts/near for every source that the stage judges."""
    items = [item for item in items if context.judged_by(STAGE, item.shard.source)]
    if not items:
        return
    run_shards(engine, context, [ShardStage(STAGE, sign_shard, "signatures/")], scale_costs(items, SIGNATURE_COST))
    run_for_canaries(engine, context, STAGE, sign_shard, STAGE, "signatures/")
    if context.run.shard_commit(STAGE, context.stage_keys[STAGE], "clusters") is None:
        lsh_partitions = plan_lsh_partitions(context, sizes)
        find_candidates(engine, context, lsh_partitions, [item.shard for item in items], sizes)
        parts = verify_candidates(engine, context, lsh_partitions, sizes)
        if context.recipe.near.is_transitive:
            require_memory(count_near_pairs(context, parts), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
            write_transitive_clusters(context, parts, sizes)
        else:
            _choose_representatives(engine, context, lsh_partitions, parts, sizes)
    if context.recipe.has_canaries:
        write_canary_clusters(context, plan_lsh_partitions(context, sizes))
        run_for_canaries(engine, context, STAGE, write_near_verdicts, STAGE)
    cheap = [WorkItem(item.shard, (), 0.0) for item in items]
    run_shards(engine, context, [ShardStage(STAGE, write_near_verdicts)], cheap)


def _choose_representatives(
    engine: Engine, context: Context, lsh_partitions: LshPartitions, parts: Sequence[PairPart], sizes: NearDedupSizes
) -> None:
    """Choose the documents to keep: in the driver, or in rounds if there are too many pairs."""
    crowds = CrowdRows(context, lsh_partitions)
    edges = count_near_pairs(context, parts) + len(crowds)
    if edges > sizes.driver_edges and not context.recipe.against:
        choose_in_rounds(engine, context, lsh_partitions, parts, crowds, sizes)
    else:
        write_representatives(engine, context, lsh_partitions, parts, crowds, sizes)


def require_memory(pairs: int, memory: int) -> None:
    """Refuse connected components of more pairs than a process with this memory, in bytes, can hold.

    Raises:
        UserError: says how much memory they need.
    """
    needed = pairs * _TRANSITIVE_BYTES
    if needed > memory:
        raise UserError(
            f'near.clusters = "transitive": {pairs:,} near-duplicate pairs need {format_bytes(needed)} in the driver, '
            f'which has {format_bytes(memory)} of memory; set near.clusters = "representative", which divides them, or '
            "continue the run on a larger machine"
        )


# -- signatures --------------------------------------------------------------------------------------------------------


def sign_shard(context: Context, item: WorkItem) -> ShardCommit:
    """Write the MinHash signatures of the documents of a shard, one column per LSH band.

    They are null for documents that were dropped before and for documents without words.
    """
    shard, options = item.shard, context.recipe.near
    kept = context.kept(shard, before=STAGE)
    alive, total = np.flatnonzero(kept), len(kept)
    signed_bytes = 0
    signatures, signed = np.zeros((total, options.bands * options.rows), "<u4"), np.zeros(total, np.bool_)
    for rows, table in documents.read_tables(context.run, shard, ["text"], alive):
        for first in range(0, len(rows), SIGNED_TEXTS):
            batch = rows[first : first + SIGNED_TEXTS]
            texts = table["text"].slice(first, SIGNED_TEXTS).combine_chunks()
            signatures[batch], signed[batch] = sign_texts(texts, options, context.recipe.seed)
            size = pc.sum(pc.binary_length(texts)).as_py()
            signed_bytes += size
            count_work(len(batch), size)
    values = signatures.reshape(total, options.bands, options.rows)
    columns = {band_column(band): _binary(values[:, band], signed) for band in range(options.bands)}
    file = context.run.write_table(SIGNATURES, shard, pa.table(columns))
    return ShardCommit(f"signatures/{shard.name}", (file,), {"signed": len(alive), "signed_bytes": signed_bytes})


def _binary(values: npt.NDArray[np.uint32], valid: npt.NDArray[np.bool_]) -> pa.Array:
    """Return a column with the bytes of each row, or null for rows that are not valid."""
    row_type = pa.binary(4 * values.shape[1])
    return pa.Array.from_buffers(row_type, len(values), [pa.array(valid).buffers()[1], pa.py_buffer(values.tobytes())])


# -- clusters and verdicts ---------------------------------------------------------------------------------------------


def _clusters_of(context: Context, shard: Shard) -> tuple[U64, U64, npt.NDArray[np.float64]]:
    """Return document reference, keeper and similarity of the documents of a shard that are in a near-duplicate pair.

    The similarity is NaN for a document that is kept and has no copy.
    """
    ends = context.document_refs(shard, np.array([0, MAX_ROWS - 1]))
    clusters = CANARY_CLUSTERS if context.of_canaries else CLUSTERS
    table = tables.read_value_range(context.run.path(clusters), "address", *ends.tolist())
    document_refs, keeper, similarity = (table[name].to_numpy() for name in ("address", "keeper", "similarity"))
    return document_refs, keeper, similarity.astype(np.float64)


def write_near_verdicts(context: Context, item: WorkItem) -> ShardCommit:
    """Write verdicts/near of one shard from the clusters."""
    shard, run = item.shard, context.run
    alive = context.kept(shard, before=STAGE)
    document_refs, keeper, similarity = _clusters_of(context, shard)
    rows, with_copies = row_numbers(document_refs), ~np.isnan(similarity)
    cluster = np.zeros(len(alive), np.uint64)
    closest = np.zeros(len(alive))
    single, kept = np.ones(len(alive), np.bool_), np.ones(len(alive), np.bool_)
    single[rows], cluster[rows], closest[rows] = ~with_copies, keeper, similarity
    kept[rows] = keeper == document_refs
    table = pa.table(
        {"kept": kept, "cluster": pa.array(cluster, mask=single), "similarity": pa.array(closest, mask=single)},
        schema=DUPLICATE_VERDICTS,
    )
    file = run.write_table(context.verdicts_of(STAGE), shard, table)
    counts = {"tested": int(alive.sum()), "removed": int((~kept).sum()), **context.count_kept(shard, alive & kept)}
    return ShardCommit(shard.name, (file,), counts)
