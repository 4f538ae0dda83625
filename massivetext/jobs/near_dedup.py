"""Near deduplication: signatures -> candidate pairs -> verified pairs -> clusters -> verdicts.

Only band keys and addresses cross a shuffle. A candidate pair is verified where its two documents lie, by reading both
texts again and comparing their shingles exactly; every measured pair is kept as evidence in ``duplicates/near``.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup.candidates import Pairs
from massivetext.dedup.clusters import connected_components, keepers
from massivetext.dedup.keeper import keeper_rank
from massivetext.dedup.near_duplicates import is_near_duplicate, sign_text
from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.jobs.near_candidates import SIGNATURES, STAGE, band_column, cells_of, find_candidates
from massivetext.jobs.near_verification import Chunk, verify_candidates
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.schema import DUPLICATE_VERDICTS, MAX_ROWS, U64, row_numbers, shard_numbers
from massivetext.storage import files as fs
from massivetext.storage import tables

VERDICTS, CLUSTERS = "verdicts/near", "duplicates/clusters.parquet"

# Seconds a byte of text, measured: shingling and 256 hashes.
SIGNATURE_COST = 1 / 4e6
_CLUSTER_ROWS = 64 * 1024  # a row group; each shard reads those that hold documents of its own


def run_near_dedup(engine: Engine, context: Context, tasks: Sequence[WorkItem]) -> None:
    """Writes signatures, evidence and verdicts/near for every source that takes part."""
    tasks = [task for task in tasks if context.judged_by(STAGE, task.shard.source)]
    if not tasks:
        return
    run_shards(engine, context, [ShardStage(STAGE, sign_shard, "signatures/")], scale_costs(tasks, SIGNATURE_COST))
    if context.run.shard_commit(STAGE, context.keys[STAGE], "clusters") is None:
        cells = cells_of(context)
        find_candidates(engine, context, cells, [task.shard for task in tasks])
        _cluster(context, verify_candidates(engine, context, cells))
    light = [WorkItem(task.shard, (), 0.0) for task in tasks]
    run_shards(engine, context, [ShardStage(STAGE, write_verdicts)], light)


# -- signatures --------------------------------------------------------------------------------------------------------


def sign_shard(context: Context, task: WorkItem, reporter: Reporter) -> ShardCommit:
    """Writes the MinHash signatures of a shard's documents, a column a band.

    Null for those that are gone already or have no words.
    """
    shard, options = task.shard, context.recipe.near
    alive = np.flatnonzero(context.kept(shard, before=STAGE))
    total = len(context.run.read_table("documents", shard, ["id"]))
    signatures, signed = np.zeros((total, options.bands * options.rows), "<u4"), np.zeros(total, np.bool_)
    for row, document in documents.rows(context.run, shard, ["text"], alive):
        text = str(document["text"])
        signature = sign_text(text, options, context.recipe.seed)
        if signature is not None:
            signatures[row], signed[row] = signature, True
        reporter.add(1, len(text))
    values = signatures.reshape(total, options.bands, options.rows)
    columns = {band_column(band): _binary(values[:, band], signed) for band in range(options.bands)}
    file = context.run.write_table(SIGNATURES, shard, pa.table(columns))
    return ShardCommit(f"signatures/{shard.name}", (file,), {"signed": len(alive)})


def _binary(values: npt.NDArray[np.uint32], valid: npt.NDArray[np.bool_]) -> pa.Array:
    """Each row's bytes, or null."""
    kind = pa.binary(4 * values.shape[1])
    return pa.Array.from_buffers(kind, len(values), [pa.array(valid).buffers()[1], pa.py_buffer(values.tobytes())])


# -- clusters and verdicts ---------------------------------------------------------------------------------------------


def _cluster(context: Context, evidence: Iterable[Chunk]) -> None:
    run, key = context.run, context.keys[STAGE]
    edges, jaccard = _duplicates(context, evidence)
    nodes, labels = connected_components(edges)
    keeper = keepers(nodes, labels, _ranks(context, nodes))
    closest = np.zeros(len(nodes))
    for side in (0, 1):
        np.maximum.at(closest, np.searchsorted(nodes, edges[:, side]), jaccard)
    path = run.path(CLUSTERS)
    with fs.publish(path) as temporary:
        table = pa.table({"address": nodes, "keeper": keeper, "similarity": closest})
        pq.write_table(table, temporary, row_group_size=_CLUSTER_ROWS)
    sizes = np.unique(keeper, return_counts=True)[1]
    counts = {"clusters": len(sizes), "clustered": len(nodes), "largest_cluster": int(sizes.max(initial=0))}
    run.commit_shard(STAGE, key, ShardCommit("clusters", (run.committed(path, len(nodes)),), counts))


def _duplicates(context: Context, evidence: Iterable[Chunk]) -> tuple[Pairs, npt.NDArray[np.float64]]:
    """The pairs above the threshold, and their similarity."""
    pairs, similarities = [np.zeros((0, 2), np.uint64)], [np.zeros(0)]

    def read(chunk: Chunk) -> pa.Table:
        return tables.read_table(context.run.path(chunk.evidence), ["a", "b", "jaccard"])

    for table in fs.concurrently(context.run.folder, read, evidence):
        a, b, jaccard = (column.to_numpy() for column in table.columns)
        above = is_near_duplicate(jaccard, context.recipe.near)
        pairs.append(np.stack([a[above], b[above]], axis=1))
        similarities.append(jaccard[above])
    return np.concatenate(pairs), np.concatenate(similarities)


def _ranks(context: Context, nodes: U64) -> U64:
    """The rank of each node; the nodes are in order."""

    def ranks(group: U64) -> U64:
        shard = context.shard_at(int(shard_numbers(group[:1])[0]))
        ids = context.run.read_table("documents", shard, ["id"])["id"].take(pa.array(row_numbers(group)))
        return keeper_rank(ids.to_pylist(), context.recipe.seed)

    starts = np.unique(shard_numbers(nodes), return_index=True)[1]
    by_shard = np.split(nodes, starts[1:]) if len(nodes) else []
    return np.concatenate([np.zeros(0, np.uint64), *fs.concurrently(context.run.folder, ranks, by_shard)])


def _clusters_of(context: Context, shard: Shard) -> tuple[U64, U64, npt.NDArray[np.float64]]:
    """Address, keeper and similarity of the documents of a shard that are in a cluster; reads no other shard's."""
    ends = context.addresses(shard, np.array([0, MAX_ROWS - 1]))
    table = tables.read_value_range(context.run.path(CLUSTERS), "address", *ends.tolist())
    address, keeper, similarity = (table[name].to_numpy() for name in ("address", "keeper", "similarity"))
    return address, keeper, similarity


def write_verdicts(context: Context, task: WorkItem, _reporter: Reporter) -> ShardCommit:
    """Writes verdicts/near of one shard from the clusters."""
    shard, run = task.shard, context.run
    alive = context.kept(shard, before=STAGE)
    addresses, keeper, similarity = _clusters_of(context, shard)
    rows = row_numbers(addresses)
    cluster = np.zeros(len(alive), np.uint64)
    closest = np.zeros(len(alive))
    single, kept = np.ones(len(alive), np.bool_), np.ones(len(alive), np.bool_)
    single[rows], cluster[rows], closest[rows] = False, keeper, similarity
    kept[rows] = keeper == addresses
    table = pa.table(
        {"kept": kept, "cluster": pa.array(cluster, mask=single), "similarity": pa.array(closest, mask=single)},
        schema=DUPLICATE_VERDICTS,
    )
    file = run.write_table(VERDICTS, shard, table)
    counts = {"tested": int(alive.sum()), "removed": int((~kept).sum()), **context.tally(shard, alive & kept)}
    return ShardCommit(shard.name, (file,), counts)
