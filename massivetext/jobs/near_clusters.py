"""Clusters of near-duplicates as connected components: ``clusters = "transitive"``."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup.candidates import Pairs
from massivetext.dedup.clusters import connected_components, keepers
from massivetext.dedup.keeper import combine_ranks
from massivetext.dedup.near_duplicates import is_near_duplicate
from massivetext.earlier.earlier_corpora import earlier_corpora
from massivetext.jobs.keeper_ranks import columns_for_ranks, rank_column_count, rank_columns
from massivetext.jobs.near_candidates import STAGE
from massivetext.jobs.near_sizes import NearDedupSizes
from massivetext.jobs.near_verification import PairPart
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit
from massivetext.schema import EARLIER, MAX_SHARDS, U64, row_numbers, shard_numbers
from massivetext.storage import files as fs
from massivetext.storage import tables

CLUSTERS = "duplicates/clusters.parquet"
CANARY_CLUSTERS = "duplicates/canaries.parquet"


def write_transitive_clusters(context: Context, parts: Iterable[PairPart], sizes: NearDedupSizes) -> None:
    """Write the clusters that the near-duplicate pairs connect, and commit them."""
    run, key = context.run, context.stage_keys[STAGE]
    found = list(pairs_above_threshold(context, parts))
    edges = np.concatenate([np.zeros((0, 2), np.uint64), *(pairs for pairs, _ in found)])
    jaccard = np.concatenate([np.zeros(0), *(values for _, values in found)])
    nodes, labels = connected_components(edges)
    keeper = keepers(nodes, labels, read_ranks(context, nodes))
    closest = np.zeros(len(nodes))
    for side in (0, 1):
        np.maximum.at(closest, np.searchsorted(nodes, edges[:, side]), jaccard)
    with fs.publish(run.path(CLUSTERS)) as new:
        table = pa.table({"address": nodes, "keeper": keeper, "similarity": closest})
        pq.write_table(table, new, row_group_size=sizes.cluster_rows)
    members = np.unique(keeper, return_counts=True)[1]
    counts = {"clusters": len(members), "clustered": len(nodes), "largest_cluster": int(members.max(initial=0))}
    run.commit_shard(STAGE, key, ShardCommit("clusters", (run.committed(new, len(nodes)),), counts))


def pairs_above_threshold(
    context: Context, parts: Iterable[PairPart]
) -> Iterator[tuple[Pairs, npt.NDArray[np.float64]]]:
    """Yield the near-duplicate pairs of each part with their Jaccard similarity."""

    def read(part: PairPart) -> pa.Table:
        return tables.read_table(context.run.path(part.evidence), ["a", "b", "jaccard"])

    for table in fs.concurrently(context.run.folder, read, parts):
        a, b, jaccard = (column.to_numpy() for column in table.columns)
        above = is_near_duplicate(jaccard, context.recipe.near)
        yield np.stack([a[above], b[above]], axis=1), jaccard[above]


def read_ranks(context: Context, nodes: U64) -> U64:
    """Return the rank of each node, by the preferences of the recipe; the nodes are sorted document references."""
    columns = read_rank_columns(context, nodes)
    return columns[:, 0] if columns.shape[1] == 1 else combine_ranks(list(columns.T))


def read_rank_columns(context: Context, nodes: U64) -> U64:
    """Return the rank of each node in columns, the most important first, uint64[nodes, columns]."""

    def ranks(group: U64) -> U64:
        number, corpora = int(shard_numbers(group[:1])[0]), earlier_corpora(context)
        if number // MAX_SHARDS == EARLIER and corpora is not None:
            found = corpora.rows(number)
            return corpora.ranks(found, rank_column_count(context.recipe))[np.searchsorted(found.refs, group)]
        mine, shard = context.locate(number)
        rows, wanted = row_numbers(group), columns_for_ranks(mine.recipe)
        table = mine.run.read_table("documents", shard, wanted).take(pa.array(rows))
        return rank_columns(mine, shard, rows, table)

    starts = np.unique(shard_numbers(nodes), return_index=True)[1]
    by_shard = np.split(nodes, starts[1:]) if len(nodes) else []
    none = np.zeros((0, rank_column_count(context.recipe)), np.uint64)
    return np.concatenate([none, *fs.concurrently(context.run.folder, ranks, by_shard)])
