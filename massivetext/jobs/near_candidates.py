"""Candidate pairs of near-duplicates: rows of buckets meet in a shuffle, and their pairs are written to files.

The buckets of each LSH band are divided into *LSH partitions* by bucket hash. The number of partitions follows from the
number of documents alone, so every engine writes the same files. The embedded runner keeps a shuffle in memory: there
the partitions are filled in waves of a fixed size, and each wave reads only the bands that it needs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.dedup import pair_files
from massivetext.dedup.banding import band_column
from massivetext.dedup.canary_candidates import pack_canary_candidates
from massivetext.dedup.candidates import Pairs, bucket_pairs, split_crowds
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.minhash import band_bucket_hashes
from massivetext.dedup.near_duplicates import bucket_rows
from massivetext.dedup.row_types import BUCKET_ROW
from massivetext.earlier.earlier_corpora import earlier_corpora
from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.jobs.near_sizes import DEFAULT_SIZES, NearDedupSizes
from massivetext.runs.attempts import guard_work_item, translate_errors
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, ShardCommit
from massivetext.schema import EARLIER, MAX_SHARDS, U64, is_canary, is_earlier
from massivetext.stages import NEAR_DEDUP
from massivetext.storage import files as fs

STAGE = NEAR_DEDUP.name
SIGNATURES, CANDIDATES = "signatures", "duplicates/candidates"


def plan_lsh_partitions(context: Context, sizes: NearDedupSizes = DEFAULT_SIZES) -> LshPartitions:
    """Return the division of a run into LSH partitions and pair partitions; call it after all shards are signed."""
    commits = context.run.commits(STAGE, context.stage_keys[STAGE])
    signed = [commit.counts for commit in commits if commit.task.startswith("signatures/")]
    documents = sum(counts["signed"] for counts in signed)
    corpora = earlier_corpora(context)
    documents += corpora.document_count if corpora is not None else 0
    return LshPartitions.for_documents(
        documents,
        context.recipe.near.bands,
        text_bytes=sum(counts["signed_bytes"] for counts in signed),
        partition_bytes=sizes.lsh_partition_bytes,
        pair_partition_documents=sizes.pair_partition_documents,
    )


def find_candidates(
    engine: Engine,
    context: Context,
    lsh_partitions: LshPartitions,
    shards: Sequence[Shard],
    sizes: NearDedupSizes = DEFAULT_SIZES,
) -> None:
    """Write the candidate pairs of every LSH partition that has none yet."""
    todo = [number for number, pairs in enumerate(count_candidate_pairs(context, lsh_partitions)) if pairs is None]
    numbers = [context.number_of_shard(shard) for shard in shards]
    corpora = earlier_corpora(context)
    numbers += corpora.shard_numbers if corpora is not None else []
    numbers += [context.for_canaries().number_of_shard(shard) for shard in context.canary_shards(STAGE)]
    lanes = [numbers] if engine.embedded else [[number] for number in numbers]
    for wave in lsh_partitions.waves(todo, sizes.wave_bytes) if engine.embedded else [todo] * bool(todo):

        def build(pipeline: beam.Pipeline, wave: list[int] = wave) -> None:
            read = beam.ParDo(_ReadBands(context, lsh_partitions, wave, numbers[0]))
            (
                pipeline
                | "DistributeLanes" >> DistributeLanes(lanes)
                | "ReadBands" >> read.with_output_types(tuple[bytes, bytes])
                | "GroupByLshPartition" >> beam.GroupByKey()
                | "WriteLshPartition" >> beam.ParDo(_WriteLshPartition(context, lsh_partitions))
            )

        engine.run(build, lanes=1)


# -- reading -----------------------------------------------------------------------------------------------------------


class _ReadBands(beam.DoFn):
    def __init__(self, context: Context, lsh_partitions: LshPartitions, wave: list[int], first: int) -> None:
        self._context, self._lsh_partitions, self._wave, self._first = context, lsh_partitions, wave, first

    def process(self, lane: list[int]) -> Iterator[tuple[bytes, bytes]]:
        for number in lane:
            if number == self._first:  # an empty batch for every LSH partition, so that each is written and committed
                yield from ((b"%d" % lsh_partition, b"") for lsh_partition in self._wave)
            corpora = earlier_corpora(self._context)
            if number // MAX_SHARDS == EARLIER and corpora is not None:
                with translate_errors(f"{STAGE}: {corpora.name_of(number)}"):
                    bands = partitions_by_band(self._lsh_partitions, self._wave)
                    yield from _bucket_rows(corpora.buckets(number, bands), bands, self._lsh_partitions)
                continue
            context, shard = self._context.locate(number)
            with translate_errors(f"{STAGE}: {shard.name}"):
                yield from read_bands(context, self._lsh_partitions, self._wave, shard)


def read_bands(
    context: Context, lsh_partitions: LshPartitions, wave: Iterable[int], shard: Shard
) -> Iterator[tuple[bytes, bytes]]:
    """Yield (LSH partition, rows of :data:`massivetext.dedup.row_types.BUCKET_ROW`) of the signatures of a shard.

    Args:
        context: the run.
        lsh_partitions: how buckets are divided into LSH partitions.
        wave: numbers of the LSH partitions to yield rows for; bands without any are not read.
        shard: the shard.
    """
    wanted = partitions_by_band(lsh_partitions, wave)
    columns = context.run.read_table(SIGNATURES, shard, [band_column(band) for band in wanted])
    for band in wanted:
        values, document_refs = _band_values(context, shard, columns[band_column(band)])
        found = {band: (band_bucket_hashes(values, band), document_refs)}
        yield from _bucket_rows(found, wanted, lsh_partitions)


def partitions_by_band(lsh_partitions: LshPartitions, wave: Iterable[int]) -> dict[int, set[int]]:
    """Return the numbers of LSH partitions within their band, by band."""
    wanted: dict[int, set[int]] = {}
    for lsh_partition in wave:
        band, partition = divmod(lsh_partition, lsh_partitions.partitions_per_band)
        wanted.setdefault(band, set()).add(partition)
    return wanted


def _bucket_rows(
    buckets: Mapping[int, tuple[U64, U64]], wanted: Mapping[int, set[int]], lsh_partitions: LshPartitions
) -> Iterator[tuple[bytes, bytes]]:
    for band, (bucket_hashes, document_refs) in buckets.items():
        for number, rows in bucket_rows(BUCKET_ROW, bucket_hashes, document_refs, lsh_partitions.partitions_per_band):
            if int(number) in wanted[band]:
                yield b"%d" % (band * lsh_partitions.partitions_per_band + int(number)), rows


def _band_values(context: Context, shard: Shard, column: pa.ChunkedArray) -> tuple[npt.NDArray[np.uint32], U64]:
    """Return the hashes of a band, uint32[documents, rows], and the references of these documents."""
    rows = np.flatnonzero(column.is_valid().to_numpy())
    array = column.drop_null().combine_chunks()
    width = array.type.byte_width // 4
    values = np.frombuffer(array.buffers()[1], "<u4")[array.offset * width : (array.offset + len(array)) * width]
    return values.reshape(len(rows), context.recipe.near.rows), context.document_refs(shard, rows)


# -- pairs of an LSH partition -----------------------------------------------------------------------------------------


class _WriteLshPartition(beam.DoFn):
    def __init__(self, context: Context, lsh_partitions: LshPartitions) -> None:
        self._context, self._lsh_partitions = context, lsh_partitions

    def process(self, element: tuple[bytes, Iterable[bytes]]) -> None:
        partition_key, batches = element
        with guard_work_item(self._context, STAGE, _work_item_name(int(partition_key))):
            commit = write_lsh_partition(self._context, self._lsh_partitions, int(partition_key), batches)
            self._context.run.commit_shard(STAGE, self._context.stage_keys[STAGE], commit)


def write_lsh_partition(
    context: Context, lsh_partitions: LshPartitions, lsh_partition: int, batches: Iterable[bytes]
) -> ShardCommit:
    """Write the pairs of documents that share a bucket of an LSH partition, and return its commit.

    Of oversized buckets the rows follow after the pairs, unless clusters are transitive. The commit holds counts but
    lists no file: the file is deleted when the stage is complete. Canaries go into a file of their own.
    """
    rows, near = np.frombuffer(b"".join(batches), BUCKET_ROW), context.recipe.near
    if context.recipe.has_canaries:
        planted = is_canary(rows["document_ref"])
        fs.write_bytes(canary_file(context, lsh_partition), pack_canary_candidates(rows, planted, near))
        rows = rows[~planted]
    rows = _with_own_documents(rows)
    crowds = np.zeros(0, BUCKET_ROW)
    if near.is_transitive:
        pairs, oversized = bucket_pairs(rows["bucket"], rows["document_ref"], near.max_bucket)
    else:
        pairs, buckets, members = split_crowds(rows["bucket"], rows["document_ref"], near.max_bucket)
        crowds = np.zeros(len(buckets), BUCKET_ROW)
        crowds["bucket"], crowds["document_ref"] = buckets, members
        oversized = len(np.unique(buckets))
    pairs = without_earlier_pairs(pairs)
    packed = pair_files.pack_by_partition(pairs, lsh_partitions.pair_partitions)
    fs.write_bytes(lsh_partition_path(context, lsh_partition), packed + crowds.tobytes())
    counts = {"band_pairs": len(pairs), "oversized_buckets": oversized, "crowd_rows": len(crowds)}
    return ShardCommit(_work_item_name(lsh_partition), (), counts)


def _with_own_documents(rows: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    """Return the rows of those buckets that hold a document of the run, not of earlier corpora alone."""
    own = ~is_earlier(rows["document_ref"])
    return rows if own.all() else rows[np.isin(rows["bucket"], rows["bucket"][own])]


def without_earlier_pairs(pairs: Pairs) -> Pairs:
    """Return the pairs without those of two documents of earlier corpora, which are decided."""
    return pairs[~is_earlier(pairs).all(axis=1)]


class CrowdRows:
    """The rows of oversized buckets, as :func:`write_lsh_partition` writes them; requires that all are written."""

    def __init__(self, context: Context, lsh_partitions: LshPartitions) -> None:
        self._context = context
        names = [_work_item_name(number) for number in range(lsh_partitions.lsh_partition_count)]
        commits = context.run.done(STAGE, context.stage_keys[STAGE], names)
        counts = [(number, commits[name].counts) for number, name in enumerate(names)]
        self._sections = [
            (number, pair_files.packed_size(each["band_pairs"], lsh_partitions.pair_partitions), each["crowd_rows"])
            for number, each in counts
            if each["crowd_rows"]
        ]

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(rows for _, _, rows in self._sections)

    def share(self, number: int, shares: int) -> Iterator[npt.NDArray[np.void]]:
        """Yield one of several shares of the rows; a bucket is never divided."""
        yield from self._read(self._sections[number::shares])

    def __iter__(self) -> Iterator[npt.NDArray[np.void]]:
        """Yield rows of :data:`massivetext.dedup.row_types.BUCKET_ROW`, one LSH partition after the other."""
        yield from self._read(self._sections)

    def _read(self, sections: Sequence[tuple[int, int, int]]) -> Iterator[npt.NDArray[np.void]]:
        for number, start, rows in sections:
            with fs.open_read(lsh_partition_path(self._context, number)) as handle:
                handle.seek(start)
                yield np.frombuffer(handle.read(rows * BUCKET_ROW.itemsize), BUCKET_ROW)


def count_candidate_pairs(context: Context, lsh_partitions: LshPartitions) -> list[int | None]:
    """Return the number of pairs of each LSH partition; None if it is not written, or its file is missing."""
    names = [_work_item_name(number) for number in range(lsh_partitions.lsh_partition_count)]
    commits = context.run.done(STAGE, context.stage_keys[STAGE], names)
    sizes = {info.path: info.size for info in fs.find(context.run.path(CANDIDATES))} if commits else {}

    def count(number: int, name: str) -> int | None:
        pairs = commits[name].counts["band_pairs"] if name in commits else 0
        size = pair_files.packed_size(pairs, lsh_partitions.pair_partitions)
        size += commits[name].counts["crowd_rows"] * BUCKET_ROW.itemsize if name in commits else 0
        is_whole = name in commits and sizes.get(lsh_partition_path(context, number)) == size
        return pairs if is_whole else None

    return [count(number, name) for number, name in enumerate(names)]


def lsh_partition_path(context: Context, lsh_partition: int) -> str:
    """Return the path of the file with the pairs of an LSH partition."""
    return context.run.path(CANDIDATES, f"cell-{lsh_partition:05d}.u64")


def canary_file(context: Context, lsh_partition: int) -> str:
    """Return the path of the file with the candidates of the canaries of an LSH partition."""
    return context.run.path(CANDIDATES, f"canaries-{lsh_partition:05d}.u64")


def _work_item_name(lsh_partition: int) -> str:
    return f"candidates/cell-{lsh_partition:05d}"
