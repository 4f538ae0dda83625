"""Exact deduplication: text hashes meet in one shuffle; removed documents go back to their shards in another."""

from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.dedup.exact_copies import exact_duplicates
from massivetext.dedup.row_types import REMOVED_ROW, split_by_partition, text_hash_row
from massivetext.earlier.earlier_corpora import EarlierCorpora, earlier_corpora
from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.jobs.earlier_names import write_earlier_names
from massivetext.jobs.keeper_ranks import columns_for_ranks, rank_column_count, rank_columns
from massivetext.runs.attempts import guard_work_item, translate_errors
from massivetext.runs.canary_run import canary_commit
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
    shard_numbers,
)
from massivetext.stages import EXACT_DEDUP
from massivetext.storage import files as fs

STAGE = EXACT_DEDUP.name
EARLIER_EVIDENCE = f"{STAGE}/earlier.parquet"

ROWS = tuple[bytes, bytes]  # (partition or shard, rows). Declared per output; otherwise Beam pickles the keys.

# One worker sorts a partition of the text hashes in memory: at least 64 partitions, and one per eight shards.
_MIN_PARTITIONS, _SHARDS_PER_PARTITION = 64, 8


def run_exact_dedup(engine: Engine, context: Context, _items: Sequence[WorkItem]) -> None:
    """Write verdicts/exact for every source that the stage judges."""
    shards = [shard for shard in context.all_shards() if context.judged_by(STAGE, shard.source)]
    if not shards:
        return
    numbers = [context.number_of_shard(shard) for shard in shards]
    numbers += [context.for_canaries().number_of_shard(shard) for shard in context.canary_shards(STAGE)]
    columns = rank_column_count(context.recipe)
    corpora = earlier_corpora(context)
    numbers += corpora.shard_numbers if corpora is not None else []
    lanes = [numbers] if engine.embedded else [[number] for number in numbers]
    partitions = max(_MIN_PARTITIONS, len(shards) // _SHARDS_PER_PARTITION)

    def build(pipeline: beam.Pipeline) -> None:
        hashes = (
            pipeline
            | "DistributeLanes" >> DistributeLanes(lanes)
            | "ReadHashes"
            >> beam.ParDo(_ReadHashes(context, partitions))
            .with_output_types(ROWS, hashed=ROWS, empty=ROWS)
            .with_outputs("hashed", "empty")
        )
        removed = (
            hashes.hashed
            | "GroupByHash" >> beam.GroupByKey()
            | "Resolve" >> beam.FlatMapTuple(resolve, columns).with_output_types(tuple[bytes, bytes])
        )
        (
            (removed, hashes.empty)
            | "WithEveryShard" >> beam.Flatten()
            | "GroupByShard" >> beam.GroupByKey()
            | "Write" >> beam.ParDo(_WriteVerdicts(context))
        )

    engine.run(build, lanes=1)
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


class _ReadHashes(beam.DoFn):
    def __init__(self, context: Context, partitions: int) -> None:
        self._context, self._partitions = context, partitions

    def process(self, lane: list[int]) -> Iterable[object]:
        for number in lane:
            corpora = earlier_corpora(self._context)
            if number // MAX_SHARDS == EARLIER and corpora is not None:
                with translate_errors(f"{STAGE}: {corpora.name_of(number)}"):
                    batch = _earlier_documents(self._context, corpora, number)
                for partition, rows in split_by_partition(batch, batch["hash"][:, 0], self._partitions):
                    yield beam.pvalue.TaggedOutput("hashed", (partition, rows))
                continue
            context, shard = self._context.locate(number)
            with translate_errors(f"{STAGE}: {shard.name}"):
                batch = hashed_documents(context, shard)
            yield beam.pvalue.TaggedOutput("empty", (b"%d" % number, b""))
            for partition, rows in split_by_partition(batch, batch["hash"][:, 0], self._partitions):
                yield beam.pvalue.TaggedOutput("hashed", (partition, rows))


def hashed_documents(context: Context, shard: Shard) -> npt.NDArray[np.void]:
    """Return the kept documents of a shard as an array of :func:`massivetext.dedup.row_types.text_hash_row`."""
    alive = np.flatnonzero(context.kept(shard, before=STAGE))
    wanted = [*columns_for_ranks(context.recipe), "text_hash"]
    table = context.run.read_table("documents", shard, wanted).take(pa.array(alive))
    ranks = rank_columns(context, shard, alive, table)
    hashes = np.frombuffer(b"".join(table["text_hash"].to_pylist()), "<u8").reshape(-1, 2)
    return _batch(hashes, ranks, context.document_refs(shard, alive))


def _earlier_documents(context: Context, corpora: EarlierCorpora, number: int) -> npt.NDArray[np.void]:
    found = corpora.rows(number)
    return _batch(found.documents.text_hashes, corpora.ranks(found, rank_column_count(context.recipe)), found.refs)


def _batch(hashes: U64, ranks: U64, document_refs: U64) -> npt.NDArray[np.void]:
    batch = np.zeros(len(hashes), text_hash_row(ranks.shape[1]))
    batch["hash"], batch["document_ref"] = hashes, document_refs
    batch["rank"] = ranks[:, 0] if ranks.shape[1] == 1 else ranks
    return batch


def resolve(_: bytes, batches: Iterable[bytes], rank_columns: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """Yield (shard, removed documents) for one partition of the text hashes, whose ranks have so many columns."""
    rows = np.frombuffer(b"".join(batches), text_hash_row(rank_columns))
    losers, keepers = exact_duplicates(rows["hash"], rows["rank"], rows["document_ref"])
    own = ~is_earlier(losers)  # two earlier corpora may hold the same text
    losers, keepers = losers[own], keepers[own]
    removed = np.zeros(len(losers), REMOVED_ROW)
    removed["document_ref"], removed["keeper"] = losers, keepers
    shards = shard_numbers(losers)
    for shard in np.unique(shards):
        yield b"%d" % shard, removed[shards == shard].tobytes()


class _WriteVerdicts(beam.DoFn):
    def __init__(self, context: Context) -> None:
        self._context = context

    def process(self, element: tuple[bytes, Iterable[bytes]]) -> None:
        shard_key, batches = element
        context, shard = self._context.locate(int(shard_key))
        with guard_work_item(context, STAGE, shard.name):
            commit = write_exact_verdicts(context, shard, np.frombuffer(b"".join(batches), REMOVED_ROW))
            commit = canary_commit(commit) if context.of_canaries else commit
            context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)


def write_exact_verdicts(context: Context, shard: Shard, removed: npt.NDArray[np.void]) -> ShardCommit:
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
