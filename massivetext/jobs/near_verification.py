"""Exact similarity of the candidate pairs of near-duplicates.

One worker reads a pair partition from every LSH partition, removes repeated pairs and writes the rest to a file. Other
workers each take a *chunk* of this file and read both texts of each pair. Only the names of chunks cross the shuffle.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup import pair_files
from massivetext.dedup.candidates import Pairs
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.near_duplicates import is_near_duplicate, near_shingles
from massivetext.dedup.pair_files import PAIR_BYTES
from massivetext.dedup.similarity import similarity
from massivetext.earlier.earlier_corpora import earlier_corpora
from massivetext.engines.engine import DistributeLanes, Engine, balance_lanes
from massivetext.errors import StageError
from massivetext.jobs.near_candidates import CANDIDATES, STAGE, count_candidate_pairs, lsh_partition_path
from massivetext.jobs.near_sizes import DEFAULT_SIZES, NearDedupSizes
from massivetext.runs import documents
from massivetext.runs.attempts import guard_work_item
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit
from massivetext.schema import EARLIER, MAX_SHARDS, PAIRS, U64, row_numbers, shard_numbers
from massivetext.storage import files as fs

T = TypeVar("T")

PAIR_EVIDENCE = "duplicates/near"

_VERIFY_COST = 1 / 1e3  # seconds per pair
_TIMES_FOUND = 8  # estimated number of LSH partitions in which the same pair occurs; used only to estimate cost


class PairChunk(NamedTuple):
    """Consecutive pairs of one pair partition, measured by one worker.

    Attributes:
        pair_partition: number of the pair partition.
        number: number of the chunk within it.
        round_number: round of the choice of keepers that asked for the pairs; 0: a band proposed them.
    """

    pair_partition: int
    number: int
    round_number: int = 0

    @property
    def name(self) -> str:
        """Name of the commit that records this chunk."""
        return f"pairs/{self._round}part-{self.pair_partition:05d}/chunk-{self.number:05d}"

    @property
    def evidence(self) -> str:
        """Path of the evidence file of this chunk, relative to the run folder."""
        return f"{PAIR_EVIDENCE}/{self._round}part-{self.pair_partition:05d}-{self.number:05d}.parquet"

    @property
    def _round(self) -> str:
        return f"round-{self.round_number:02d}/" if self.round_number else ""


def verify_candidates(
    engine: Engine, context: Context, lsh_partitions: LshPartitions, sizes: NearDedupSizes = DEFAULT_SIZES
) -> list[PairChunk]:
    """Measure every candidate pair, and return the chunks, which name the files of evidence.

    Raises:
        StageError: a chunk was not measured.
    """
    found = sum(pairs or 0 for pairs in count_candidate_pairs(context, lsh_partitions))
    partitions = range(lsh_partitions.pair_partitions)
    chunk_pairs = sizes.chunk_pairs
    is_measured = _map_pair_partitions(context, partitions, lambda each: _is_measured(context, each, chunk_pairs))
    todo = [pair_partition for pair_partition, done in enumerate(is_measured) if not done]
    if todo:
        lanes = engine.lanes(-(-found // chunk_pairs), found / _TIMES_FOUND * _VERIFY_COST)

        def build(pipeline: beam.Pipeline) -> None:
            merge = beam.ParDo(_MergePairPartition(context, lsh_partitions, chunk_pairs))
            (
                pipeline
                | "DistributeLanes" >> DistributeLanes(todo)
                | "Merge" >> merge.with_output_types(tuple[bytes, PairChunk])
                | "GroupByChunk" >> beam.GroupByKey()
                | "Verify" >> beam.ParDo(_VerifyChunk(context, sizes))
            )

        engine.run(build, lanes=lanes)
    chunks = _map_pair_partitions(context, partitions, lambda each: _require_measured(context, each, chunk_pairs))
    return list(itertools.chain.from_iterable(chunks))


def verify_chunks(
    engine: Engine, context: Context, chunks: Sequence[PairChunk], sizes: NearDedupSizes = DEFAULT_SIZES
) -> None:
    """Measure the pairs of some chunks that are not measured yet; the files with their pairs are there.

    Raises:
        StageError: a chunk was not measured.
    """
    todo = _undone(context, chunks)
    lanes = engine.lanes(len(todo), len(todo) * sizes.chunk_pairs * _VERIFY_COST)

    def build(pipeline: beam.Pipeline) -> None:
        divided = balance_lanes([(chunk, 1.0) for chunk in todo], lanes)
        pipeline | "DistributeLanes" >> DistributeLanes(divided) | "Verify" >> beam.ParDo(_VerifyLane(context, sizes))

    if len(todo) == 1:  # not worth a job, which takes minutes to begin on some engines
        _verify_and_commit(context, todo[0], sizes)
    elif todo:
        engine.run(build, lanes=lanes)
    for chunk in _undone(context, todo):
        raise StageError(f"{STAGE}: {chunk.name} was not measured; run again to go on")


def _map_pair_partitions(context: Context, partitions: range, function: Callable[[int], T]) -> Iterator[T]:
    return fs.concurrently(context.run.folder, function, partitions)


def _is_measured(context: Context, pair_partition: int, chunk_pairs: int) -> bool:
    if _merged_pair_count(context, pair_partition) is None:
        return False
    return not _unmeasured_chunks(context, pair_partition, chunk_pairs)


def _require_measured(context: Context, pair_partition: int, chunk_pairs: int) -> list[PairChunk]:
    for chunk in _unmeasured_chunks(context, pair_partition, chunk_pairs):
        raise StageError(f"{STAGE}: {chunk.name} was not measured; run again to go on")
    return list(_chunks(context, pair_partition, chunk_pairs))


def _unmeasured_chunks(context: Context, pair_partition: int, chunk_pairs: int) -> list[PairChunk]:
    return _undone(context, list(_chunks(context, pair_partition, chunk_pairs)))


def _undone(context: Context, chunks: Sequence[PairChunk]) -> list[PairChunk]:
    measured = context.run.done(STAGE, context.stage_keys[STAGE], [chunk.name for chunk in chunks])
    return [chunk for chunk in chunks if chunk.name not in measured]


def _chunks(context: Context, pair_partition: int, chunk_pairs: int) -> Iterator[PairChunk]:
    pairs = _merged_pair_count(context, pair_partition)
    if pairs is None:
        raise StageError(
            f"{STAGE}: the candidate pairs of pair partition {pair_partition} were not written; run again to go on"
        )
    yield from (PairChunk(pair_partition, number) for number in range(-(-pairs // chunk_pairs)))


# -- collecting a pair partition ---------------------------------------------------------------------------------------


class _MergePairPartition(beam.DoFn):
    def __init__(self, context: Context, lsh_partitions: LshPartitions, chunk_pairs: int) -> None:
        self._context, self._lsh_partitions, self._chunk_pairs = context, lsh_partitions, chunk_pairs

    def process(self, pair_partition: int) -> Iterator[tuple[bytes, PairChunk]]:
        context = self._context
        with guard_work_item(context, STAGE, _work_item_name(pair_partition)):
            if _merged_pair_count(context, pair_partition) is None:
                commit = merge_pair_partition(context, self._lsh_partitions, pair_partition)
                context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)
            todo = _unmeasured_chunks(context, pair_partition, self._chunk_pairs)
        yield from ((chunk.name.encode(), chunk) for chunk in todo)


def merge_pair_partition(context: Context, lsh_partitions: LshPartitions, pair_partition: int) -> ShardCommit:
    """Write the distinct pairs of one pair partition, and return its commit.

    The commit lists no file, because the file is deleted when the stage is complete.
    """

    def read(lsh_partition: int) -> Pairs:
        with fs.open_read(lsh_partition_path(context, lsh_partition)) as handle:
            return pair_files.read_pair_partition(handle, pair_partition, lsh_partitions.pair_partitions)

    every = range(lsh_partitions.lsh_partition_count)
    pairs = pair_files.merge_pairs(fs.concurrently(context.run.folder, read, every))
    fs.write_bytes(pair_partition_path(context, pair_partition), pair_files.pack_pairs(pairs))
    return ShardCommit(_work_item_name(pair_partition), (), {"distinct": len(pairs)})


def _merged_pair_count(context: Context, pair_partition: int) -> int | None:
    commit = context.run.shard_commit(STAGE, context.stage_keys[STAGE], _work_item_name(pair_partition))
    if commit is None:
        return None
    pairs = commit.counts["distinct"]
    return pairs if fs.has_size(pair_partition_path(context, pair_partition), pairs * PAIR_BYTES) else None


def pair_partition_path(context: Context, pair_partition: int, round_number: int = 0) -> str:
    """Return the path of the file with the pairs of a pair partition; of a round, as in :class:`PairChunk`."""
    within = f"round-{round_number:02d}/" if round_number else ""
    return context.run.path(CANDIDATES, f"{within}part-{pair_partition:05d}.u64")


def _work_item_name(pair_partition: int) -> str:
    return f"candidates/part-{pair_partition:05d}"


# -- measuring a chunk -------------------------------------------------------------------------------------------------


class _VerifyChunk(beam.DoFn):
    def __init__(self, context: Context, sizes: NearDedupSizes) -> None:
        self._context, self._sizes = context, sizes

    def process(self, element: tuple[bytes, Iterable[PairChunk]]) -> None:
        chunk = next(iter(element[1]))  # a retried bundle may have sent the same chunk twice
        _verify_and_commit(self._context, chunk, self._sizes)


class _VerifyLane(beam.DoFn):
    def __init__(self, context: Context, sizes: NearDedupSizes) -> None:
        self._context, self._sizes = context, sizes

    def process(self, lane: list[PairChunk]) -> None:
        for chunk in lane:
            _verify_and_commit(self._context, chunk, self._sizes)


def _verify_and_commit(context: Context, chunk: PairChunk, sizes: NearDedupSizes) -> None:
    with guard_work_item(context, STAGE, chunk.name):
        commit = verify_chunk(context, chunk, sizes)
        context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)


def verify_chunk(context: Context, chunk: PairChunk, sizes: NearDedupSizes = DEFAULT_SIZES) -> ShardCommit:
    """Measure the pairs of a chunk exactly, write them as evidence, and return the commit."""
    with fs.open_read(pair_partition_path(context, chunk.pair_partition, chunk.round_number)) as handle:
        handle.seek(chunk.number * sizes.chunk_pairs * PAIR_BYTES)
        pairs = pair_files.unpack_pairs(handle.read(sizes.chunk_pairs * PAIR_BYTES))
    table = measure_pairs(context, pairs, sizes)
    with fs.publish(context.run.path(chunk.evidence)) as new:
        pq.write_table(table, new, compression="zstd")
    above = int(is_near_duplicate(table["jaccard"].to_numpy(), context.recipe.near).sum())
    file = context.run.committed(new, table.num_rows)
    return ShardCommit(chunk.name, (file,), {"candidates": table.num_rows, "pairs": above})


def measure_pairs(context: Context, pairs: Pairs, sizes: NearDedupSizes = DEFAULT_SIZES) -> pa.Table:
    """Return pairs of documents with their exact similarities, as a table of :data:`PAIRS`, sorted."""
    measured: list[tuple[int, int, float, float]] = []
    for group in pair_files.group_by_shards(pairs):
        for block in split_into_blocks(group, _pair_bytes(context, group), sizes.block_bytes):
            shingles = _shingles(context, np.unique(block))
            for a, b in block.tolist():
                result = similarity(*_comparable(context, shingles, a, b))
                measured.append((a, b, result.jaccard, result.containment_of_smaller))
    columns = list(zip(*sorted(measured), strict=True)) or [()] * len(PAIRS)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, PAIRS, strict=True)], schema=PAIRS)


def _comparable(context: Context, shingles: dict[int, U64], a: int, b: int) -> tuple[U64, U64]:
    """Return the shingles of both documents of a pair, of which the second may be of an earlier corpus."""
    corpora = earlier_corpora(context)
    if corpora is None or b >> 32 < EARLIER * MAX_SHARDS:
        return shingles[a], shingles[b]
    return corpora.comparable(shingles[a], b), shingles[b]


def split_into_blocks(pairs: Pairs, sizes: U64, most: int) -> list[Pairs]:
    """Split the pairs into blocks whose sizes sum to about ``most``; a larger pair is a block of its own."""
    ends = np.cumsum(sizes) // np.uint64(most)
    return np.split(pairs, np.flatnonzero(np.diff(ends)) + 1)


def _pair_bytes(context: Context, group: Pairs) -> U64:
    """Return the bytes of both texts of each pair; all pairs of the group have the same two shards."""
    total = np.zeros(len(group), np.uint64)
    for side in (0, 1):
        number, corpora = int(shard_numbers(group[:1, side])[0]), earlier_corpora(context)
        if number // MAX_SHARDS == EARLIER and corpora is not None:
            total += corpora.sizes(number, row_numbers(group[:, side]))
            continue
        mine, shard = context.locate(number)
        sizes = mine.run.read_table("signals", shard, ["byte_count"])["byte_count"].to_numpy()
        total += sizes[row_numbers(group[:, side])].astype(np.uint64)
    return total


def _shingles(context: Context, document_refs: U64) -> dict[int, U64]:
    found: dict[int, U64] = {}
    numbers = shard_numbers(document_refs)
    for number in np.unique(numbers):
        wanted = document_refs[numbers == number]
        if number // MAX_SHARDS == EARLIER and (corpora := earlier_corpora(context)) is not None:
            found |= corpora.shingles(wanted)
            continue
        mine, shard = context.locate(int(number))
        texts = documents.read_rows(mine.run, shard, ["text"], row_numbers(wanted))
        for document_ref, (_, document) in zip(wanted.tolist(), texts, strict=True):
            found[document_ref] = near_shingles(str(document["text"]), context.recipe.near)
    return found
