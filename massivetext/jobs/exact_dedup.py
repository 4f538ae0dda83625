"""Exact deduplication: of equal texts, which meet by their hashes, one is kept."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from massivetext.earlier.earlier_corpora import EarlierCorpora, earlier_corpora
from massivetext.engines.engine import Engine
from massivetext.jobs.earlier_names import write_earlier_names
from massivetext.jobs.hash_shuffle import Batch, HashedStage, hash_batch, keep_one_per_hash
from massivetext.jobs.keeper_ranks import columns_for_ranks, rank_column_count, rank_columns
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import WorkItem
from massivetext.schema import (
    DUPLICATE_VERDICTS,
    EARLIER,
    MAX_SHARDS,
    U64,
    is_earlier,
    row_numbers,
)
from massivetext.stages import EXACT_DEDUP
from massivetext.storage import files as fs

STAGE = EXACT_DEDUP.name
EARLIER_EVIDENCE = f"{STAGE}/earlier.parquet"


def run_exact_dedup(engine: Engine, context: Context, _items: Sequence[WorkItem]) -> None:
    """Write verdicts/exact for every source that the stage judges."""
    shards = [shard for shard in context.all_shards() if context.judged_by(STAGE, shard.source)]
    if not shards:
        return
    corpora = earlier_corpora(context)
    stage = HashedStage(
        name=STAGE,
        rank_columns=rank_column_count(context.recipe),
        read=_read,
        place=_place,
        write=write_exact_verdicts,
    )
    earlier = corpora.shard_numbers if corpora is not None else ()
    canaries = [context.for_canaries().number_of_shard(shard) for shard in context.canary_shards(STAGE)]
    keep_one_per_hash(engine, context, stage, shards, [*earlier, *canaries])
    if corpora is not None:
        file = write_earlier_names(context, EARLIER_EVIDENCE, _earlier_keepers(context, shards))
        context.run.commit_shard(STAGE, context.stage_keys[STAGE], ShardCommit("earlier", (file,), {}))


def _earlier_keepers(context: Context, shards: Sequence[Shard]) -> U64:
    """Return the documents of earlier corpora of which a document of the run is a copy, distinct and sorted."""

    def read(shard: Shard) -> U64:
        column = context.run.read_table(context.verdicts_of(STAGE), shard, ["cluster"])["cluster"]
        keepers: U64 = np.unique(column.drop_null().to_numpy())
        return keepers[is_earlier(keepers)]

    return np.unique(np.concatenate([*fs.concurrently(context.run.folder, read, shards)]))


def _read(context: Context, number: int) -> Batch:
    corpora = earlier_corpora(context)
    if number // MAX_SHARDS == EARLIER and corpora is not None:
        return _earlier_documents(context, corpora, number)
    return hashed_documents(*context.locate(number))


def _place(context: Context, number: int) -> str:
    corpora = earlier_corpora(context)
    if number // MAX_SHARDS == EARLIER and corpora is not None:
        return corpora.name_of(number)
    return context.locate(number)[1].name


def hashed_documents(context: Context, shard: Shard) -> Batch:
    """Return the kept documents of a shard as an array of :func:`massivetext.dedup.row_types.text_hash_row`."""
    alive = np.flatnonzero(context.kept(shard, before=STAGE))
    wanted = [*columns_for_ranks(context.recipe), "text_hash"]
    table = context.run.read_table("documents", shard, wanted).take(pa.array(alive))
    ranks = rank_columns(context, shard, alive, table)
    hashes = np.frombuffer(b"".join(table["text_hash"].to_pylist()), "<u8").reshape(-1, 2)
    return hash_batch(hashes, ranks, context.document_refs(shard, alive))


def _earlier_documents(context: Context, corpora: EarlierCorpora, number: int) -> Batch:
    found = corpora.rows(number)
    return hash_batch(found.documents.text_hashes, corpora.ranks(found, rank_column_count(context.recipe)), found.refs)


def write_exact_verdicts(context: Context, shard: Shard, removed: Batch) -> ShardCommit:
    """Write verdicts/exact of one shard from its removed documents, and return the commit."""
    alive = context.kept(shard, before=STAGE)
    kept = np.ones(len(alive), np.bool_)
    keeper = np.zeros(len(alive), np.uint64)
    lost = row_numbers(removed["document_ref"])
    kept[lost], keeper[lost] = False, removed["keeper"]
    table = pa.table(
        {
            "kept": kept,
            "cluster": pa.array(keeper, mask=kept),
            "similarity": pa.array(np.ones(len(alive)), mask=kept),
        },
        schema=DUPLICATE_VERDICTS,
    )
    file = context.run.write_table(context.verdicts_of(STAGE), shard, table)
    counts = {"tested": int(alive.sum()), "removed": len(lost), **context.count_kept(shard, alive & kept)}
    return ShardCommit(shard.name, (file,), counts)
