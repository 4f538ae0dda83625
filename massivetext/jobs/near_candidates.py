"""Candidate pairs of near-duplicates: bands of signatures meet in a shuffle, their pairs go to files.

Buckets are dealt out to *cells*: a band and a part of its keys. How many there are follows from the number of documents
alone, so every engine writes the same files. The embedded runner keeps a shuffle in memory: there the cells are filled
in waves of a fixed size, and each wave reads only the bands it needs.
"""

from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from massivetext.dedup import pair_files
from massivetext.dedup.candidates import bucket_pairs
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.minhash import band_bucket_hashes
from massivetext.dedup.near_duplicates import bucket_rows
from massivetext.dedup.row_types import BUCKET_ROW
from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.runs.attempts import guard_work_item, translate_errors
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, ShardCommit
from massivetext.schema import U64
from massivetext.stages import NEAR_DEDUP
from massivetext.storage import files as fs

STAGE = NEAR_DEDUP.name
SIGNATURES, CANDIDATES = "signatures", "duplicates/candidates"

WAVE_BYTES = 128 * 2**20  # of rows that cross a shuffle of the embedded runner at a time; it takes six times as much


def cells_of(context: Context) -> LshPartitions:
    """The cells of a run whose signatures are all there."""
    commits = context.run.commits(STAGE, context.keys[STAGE])
    documents = sum(commit.counts["signed"] for commit in commits if commit.task.startswith("signatures/"))
    return LshPartitions.for_documents(documents, context.recipe.near.bands)


def find_candidates(engine: Engine, context: Context, cells: LshPartitions, shards: Sequence[Shard]) -> None:
    """Writes the pairs of every cell that has none yet."""
    todo = [cell for cell, pairs in enumerate(pairs_in(context, cells)) if pairs is None]
    numbers = [context.number_of(shard) for shard in shards]
    lanes = [numbers] if engine.embedded else [[number] for number in numbers]
    for wave in cells.waves(todo, WAVE_BYTES) if engine.embedded else [todo] * bool(todo):

        def build(pipeline: beam.Pipeline, wave: list[int] = wave) -> None:
            (
                pipeline
                | "DistributeLanes" >> DistributeLanes(lanes)
                | "ReadBands"
                >> beam.ParDo(_ReadBands(context, cells, wave, numbers[0])).with_output_types(tuple[bytes, bytes])
                | "GroupByCell" >> beam.GroupByKey()
                | "WriteCell" >> beam.ParDo(_WriteCell(context, cells))
            )

        engine.run(build, lanes=1)


# -- reading -----------------------------------------------------------------------------------------------------------


class _ReadBands(beam.DoFn):
    def __init__(self, context: Context, cells: LshPartitions, wave: list[int], first: int) -> None:
        self._context, self._cells, self._wave, self._first = context, cells, wave, first

    def process(self, lane: list[int]) -> Iterator[tuple[bytes, bytes]]:
        for number in lane:
            if number == self._first:  # every cell gets something, so that every one of them is written
                yield from ((b"%d" % cell, b"") for cell in self._wave)
            shard = self._context.shard_at(number)
            with translate_errors(f"{STAGE}: {shard.name}"):
                yield from read_bands(self._context, self._cells, self._wave, shard)


def read_bands(
    context: Context, cells: LshPartitions, wave: Iterable[int], shard: Shard
) -> Iterator[tuple[bytes, bytes]]:
    """Yield (cell, rows of :data:`massivetext.dedup.row_types.BUCKET_ROW`) of a shard, for the cells of a wave."""
    wanted: dict[int, set[int]] = {}
    for cell in wave:
        band, partition = divmod(cell, cells.partitions_per_band)
        wanted.setdefault(band, set()).add(partition)
    for band, partitions in wanted.items():
        values, addresses = _read_band(context, shard, band)
        for number, rows in bucket_rows(
            BUCKET_ROW, band_bucket_hashes(values, band), addresses, cells.partitions_per_band
        ):
            if int(number) in partitions:
                yield b"%d" % (band * cells.partitions_per_band + int(number)), rows


def band_column(band: int) -> str:
    """Name of the column of signatures/ that holds a band."""
    return f"band_{band}"


def _read_band(context: Context, shard: Shard, band: int) -> tuple[npt.NDArray[np.uint32], U64]:
    column = context.run.read_table(SIGNATURES, shard, [band_column(band)])[band_column(band)]
    rows = np.flatnonzero(column.is_valid().to_numpy())
    values = np.frombuffer(b"".join(column.drop_null().to_pylist()), "<u4")
    return values.reshape(len(rows), context.recipe.near.rows), context.addresses(shard, rows)


# -- pairs of a cell ---------------------------------------------------------------------------------------------------


class _WriteCell(beam.DoFn):
    def __init__(self, context: Context, cells: LshPartitions) -> None:
        self._context, self._cells = context, cells

    def process(self, element: tuple[bytes, Iterable[bytes]]) -> None:
        key, batches = element
        with guard_work_item(self._context, STAGE, "candidates"):
            commit = write_cell(self._context, self._cells, int(key), batches)
            self._context.run.commit_shard(STAGE, self._context.keys[STAGE], commit)


def write_cell(context: Context, cells: LshPartitions, cell: int, batches: Iterable[bytes]) -> ShardCommit:
    """Writes the pairs of documents that share a bucket of a cell.

    The commit counts, and names no file: what is written here goes when the stage is complete.
    """
    rows = np.frombuffer(b"".join(batches), BUCKET_ROW)
    pairs, oversized = bucket_pairs(rows["bucket"], rows["document_ref"], context.recipe.near.max_bucket)
    fs.write_bytes(cell_path(context, cell), pair_files.pack_by_partition(pairs, cells.pair_partitions))
    return ShardCommit(_task(cell), (), {"band_pairs": len(pairs), "oversized_buckets": oversized})


def pairs_in(context: Context, cells: LshPartitions) -> Iterator[int | None]:
    """How many pairs each cell has; None where it is not written, or its file has gone."""
    return fs.concurrently(
        context.run.folder, lambda cell: _pairs_in(context, cells, cell), range(cells.lsh_partition_count)
    )


def _pairs_in(context: Context, cells: LshPartitions, cell: int) -> int | None:
    commit = context.run.shard_commit(STAGE, context.keys[STAGE], _task(cell))
    if commit is None:
        return None
    pairs = commit.counts["band_pairs"]
    return (
        pairs if fs.has_size(cell_path(context, cell), pair_files.packed_size(pairs, cells.pair_partitions)) else None
    )


def cell_path(context: Context, cell: int) -> str:
    """The file of a cell's pairs."""
    return context.run.path(CANDIDATES, f"cell-{cell:05d}.u64")


def _task(cell: int) -> str:
    return f"candidates/cell-{cell:05d}"
