"""Candidate pairs of near-duplicates, measured: the pairs of all bands are brought together, and both texts compared.

A part of the pairs is read out of every cell, each pair once, and written down; a worker then takes a *chunk* of it and
reads both texts of each pair where they lie. Between workers travel only the names of chunks.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup import pair_files
from massivetext.dedup.candidates import Pairs
from massivetext.dedup.lsh_partitions import CHUNK_PAIRS, LshPartitions
from massivetext.dedup.near_duplicates import is_near_duplicate, near_shingles
from massivetext.dedup.pair_files import PAIR_BYTES
from massivetext.dedup.similarity import similarity
from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.errors import StageError
from massivetext.jobs.near_candidates import CANDIDATES, STAGE, cell_path, pairs_in
from massivetext.runs import documents
from massivetext.runs.attempts import guard_work_item
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit
from massivetext.schema import PAIRS, U64, row_numbers, shard_numbers
from massivetext.storage import files as fs

T = TypeVar("T")

EVIDENCE = "duplicates/near"

_BLOCK_BYTES = 32 * 2**20  # of text whose shingles are held at a time; they take about twice as much
_VERIFY_COST = 1 / 1e3  # seconds a pair
_SEEN = 8  # cells in which a candidate pair is found; a guess, for the cost alone


class Chunk(NamedTuple):
    """A run of a part's pairs, which one worker measures."""

    part: int
    number: int

    @property
    def name(self) -> str:
        """Of its task."""
        return f"pairs/part-{self.part:05d}/chunk-{self.number:05d}"

    @property
    def evidence(self) -> str:
        """Of its file, relative to the run."""
        return f"{EVIDENCE}/part-{self.part:05d}-{self.number:05d}.parquet"


def verify_candidates(engine: Engine, context: Context, cells: LshPartitions) -> list[Chunk]:
    """Measures every candidate pair; returns where the evidence lies."""
    found = sum(pairs or 0 for pairs in pairs_in(context, cells))
    parts = [part for part, done in enumerate(_each_part(context, cells, _done)) if not done]
    if parts:
        lanes = engine.lanes(-(-found // CHUNK_PAIRS), found / _SEEN * _VERIFY_COST)

        def build(pipeline: beam.Pipeline) -> None:
            (
                pipeline
                | "DistributeLanes" >> DistributeLanes(parts)
                | "Merge" >> beam.ParDo(_Merge(context, cells)).with_output_types(tuple[bytes, Chunk])
                | "GroupByChunk" >> beam.GroupByKey()
                | "Verify" >> beam.ParDo(_Verify(context))
            )

        engine.run(build, lanes=lanes)
    return list(itertools.chain.from_iterable(_each_part(context, cells, _written)))


def _each_part(context: Context, cells: LshPartitions, function: Callable[[Context, int], T]) -> Iterator[T]:
    return fs.concurrently(context.run.folder, lambda part: function(context, part), range(cells.pair_partitions))


def _done(context: Context, part: int) -> bool:
    return _merged(context, part) is not None and not any(_missing(context, part))


def _written(context: Context, part: int) -> list[Chunk]:
    for chunk in _missing(context, part):
        raise StageError(f"{STAGE}: {chunk.name} was not measured; run again to go on")
    return list(_chunks(context, part))


def _missing(context: Context, part: int) -> Iterator[Chunk]:
    for chunk in _chunks(context, part):
        if context.run.shard_commit(STAGE, context.keys[STAGE], chunk.name) is None:
            yield chunk


def _chunks(context: Context, part: int) -> Iterator[Chunk]:
    pairs = _merged(context, part)
    if pairs is None:
        raise StageError(f"{STAGE}: the candidate pairs of part {part} were not written; run again to go on")
    yield from (Chunk(part, number) for number in range(-(-pairs // CHUNK_PAIRS)))


# -- bringing pairs together -------------------------------------------------------------------------------------------


class _Merge(beam.DoFn):
    def __init__(self, context: Context, cells: LshPartitions) -> None:
        self._context, self._cells = context, cells

    def process(self, part: int) -> Iterator[tuple[bytes, Chunk]]:
        context = self._context
        with guard_work_item(context, STAGE, "candidates"):
            if _merged(context, part) is None:
                commit = merge_part(context, self._cells, part)
                context.run.commit_shard(STAGE, context.keys[STAGE], commit)
            todo = list(_missing(context, part))
        yield from ((chunk.name.encode(), chunk) for chunk in todo)


def merge_part(context: Context, cells: LshPartitions, part: int) -> ShardCommit:
    """Writes the distinct pairs of one part of all cells; the commit names no file, as the file does not stay."""

    def read(cell: int) -> Pairs:
        with fs.open_read(cell_path(context, cell)) as handle:
            return pair_files.read_pair_partition(handle, part, cells.pair_partitions)

    pairs = pair_files.merge_pairs(read(cell) for cell in range(cells.lsh_partition_count))
    fs.write_bytes(_part_path(context, part), pair_files.pack_pairs(pairs))
    return ShardCommit(_task(part), (), {"distinct": len(pairs)})


def _merged(context: Context, part: int) -> int | None:
    commit = context.run.shard_commit(STAGE, context.keys[STAGE], _task(part))
    if commit is None:
        return None
    pairs = commit.counts["distinct"]
    return pairs if fs.has_size(_part_path(context, part), pairs * PAIR_BYTES) else None


def _part_path(context: Context, part: int) -> str:
    return context.run.path(CANDIDATES, f"part-{part:05d}.u64")


def _task(part: int) -> str:
    return f"candidates/part-{part:05d}"


# -- measuring them ----------------------------------------------------------------------------------------------------


class _Verify(beam.DoFn):
    def __init__(self, context: Context) -> None:
        self._context = context

    def process(self, element: tuple[bytes, Iterable[Chunk]]) -> None:
        context = self._context
        chunk = next(iter(element[1]))  # a retried bundle may have named it twice
        with guard_work_item(context, STAGE, chunk.name):
            context.run.commit_shard(STAGE, context.keys[STAGE], verify_chunk(context, chunk))


def verify_chunk(context: Context, chunk: Chunk) -> ShardCommit:
    """Measures the pairs of a chunk exactly and writes them as evidence."""
    with fs.open_read(_part_path(context, chunk.part)) as handle:
        handle.seek(chunk.number * CHUNK_PAIRS * PAIR_BYTES)
        pairs = pair_files.unpack_pairs(handle.read(CHUNK_PAIRS * PAIR_BYTES))
    measured: list[tuple[int, int, float, float]] = []
    for group in pair_files.group_by_shards(pairs):
        for block in blocks(group, _pair_bytes(context, group), _BLOCK_BYTES):
            shingles = _shingles(context, np.unique(block))
            for a, b in block.tolist():
                result = similarity(shingles[a], shingles[b])
                measured.append((a, b, result.jaccard, result.containment_of_smaller))
    columns = list(zip(*sorted(measured), strict=True))
    table = pa.table([pa.array(column, field.type) for column, field in zip(columns, PAIRS, strict=True)], schema=PAIRS)
    path = context.run.path(chunk.evidence)
    with fs.publish(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    above = sum(is_near_duplicate(jaccard, context.recipe.near) for _, _, jaccard, _ in measured)
    file = context.run.committed(path, len(measured))
    return ShardCommit(chunk.name, (file,), {"candidates": len(measured), "pairs": above})


def blocks(pairs: Pairs, sizes: U64, most: int) -> list[Pairs]:
    """The pairs in runs whose sizes sum to about ``most``; a larger pair stands alone."""
    ends = np.cumsum(sizes) // np.uint64(most)
    return np.split(pairs, np.flatnonzero(np.diff(ends)) + 1)


def _pair_bytes(context: Context, group: Pairs) -> U64:
    """Bytes of both texts of each pair of a group, which shares its two shards."""
    total = np.zeros(len(group), np.uint64)
    for side in (0, 1):
        shard = context.shard_at(int(shard_numbers(group[:1, side])[0]))
        sizes = context.run.read_table("signals", shard, ["byte_count"])["byte_count"].to_numpy()
        total += sizes[row_numbers(group[:, side])].astype(np.uint64)
    return total


def _shingles(context: Context, addresses: U64) -> dict[int, U64]:
    found: dict[int, U64] = {}
    numbers = shard_numbers(addresses)
    for number in np.unique(numbers):
        wanted = addresses[numbers == number]
        texts = documents.rows(context.run, context.shard_at(int(number)), ["text"], row_numbers(wanted))
        for address, (_, document) in zip(wanted.tolist(), texts, strict=True):
            found[address] = near_shingles(str(document["text"]), context.recipe.near)
    return found
