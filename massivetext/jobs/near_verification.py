"""Exact similarity of the candidate pairs of near-duplicates.

One worker per *pair partition* reads its pairs from every LSH partition, removes repeated ones, and writes the rest
down, and which documents they need (:mod:`massivetext.jobs.near_shingles`). When the shingles of these are written, one
worker per pair partition compares them. Only numbers cross the shuffles.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.dedup import pair_files
from massivetext.dedup.candidates import Pairs
from massivetext.dedup.lsh_partitions import LshPartitions
from massivetext.dedup.near_duplicates import is_near_duplicate
from massivetext.dedup.pair_files import PAIR_BYTES
from massivetext.dedup.shingle_files import ShingleSets, count_shared
from massivetext.dedup.similarity import similarity
from massivetext.earlier.earlier_corpora import EarlierCorpora, earlier_corpora
from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.engines.memory import release_memory
from massivetext.errors import StageError
from massivetext.jobs.near_candidates import CANDIDATES, STAGE, count_candidate_pairs, lsh_partition_path
from massivetext.jobs.near_shingles import (
    ShardGroups,
    count_shingle_bytes,
    count_spills,
    plan_shard_groups,
    read_shingles,
    read_wanted,
    round_folder,
    shingles_name,
    wanted_path,
    write_shingles,
    write_wanted,
)
from massivetext.jobs.near_sizes import DEFAULT_SIZES, NearDedupSizes
from massivetext.runs.attempts import guard_work_item
from massivetext.runs.context import Context
from massivetext.runs.store import ShardCommit
from massivetext.schema import PAIRS, is_earlier
from massivetext.storage import files as fs

F64 = npt.NDArray[np.float64]

PAIR_EVIDENCE = "duplicates/near"

_VERIFY_COST = 1 / 20e3  # seconds per pair
_TIMES_FOUND = 8  # estimated number of LSH partitions in which the same pair occurs; used only to estimate cost


class PairPart(NamedTuple):
    """The pairs of one pair partition that the bands, or a round, have asked for.

    Attributes:
        pair_partition: number of the pair partition.
        round_number: round of the choice of keepers that asked for the pairs; 0: a band proposed them.
    """

    pair_partition: int
    round_number: int = 0

    @property
    def name(self) -> str:
        """Name of the commit that records that they are measured."""
        return f"pairs/{round_folder(self.round_number)}part-{self.pair_partition:05d}"

    @property
    def evidence(self) -> str:
        """Path of the file of evidence, relative to the run folder."""
        return f"{PAIR_EVIDENCE}/{round_folder(self.round_number)}part-{self.pair_partition:05d}.parquet"


def verify_candidates(
    engine: Engine, context: Context, lsh_partitions: LshPartitions, sizes: NearDedupSizes = DEFAULT_SIZES
) -> list[PairPart]:
    """Measure every candidate pair, and return the parts, which name the files of evidence.

    Raises:
        StageError: a part was not measured.
    """
    parts = [PairPart(number) for number in range(lsh_partitions.pair_partitions)]
    todo = _undone(context, parts)
    if todo:
        found = sum(pairs or 0 for pairs in count_candidate_pairs(context, lsh_partitions))
        task = _Verification(context, plan_shard_groups(context, sizes), parts, todo, lsh_partitions, sizes)
        lanes = engine.lanes(max(len(todo), len(task.groups)), found / _TIMES_FOUND * _VERIFY_COST)
        merge = [part for part in parts if not _is_merged(context, part, lsh_partitions)]

        def build(pipeline: beam.Pipeline) -> None:
            # The first element tells the groups of shards to begin when all is merged, so there is at least one.
            numbered = list(enumerate([*merge] or [None]))
            (
                pipeline
                | "DistributeLanes" >> DistributeLanes(numbered)
                | "Merge" >> beam.ParDo(_MergePairPartition(task)).with_output_types(tuple[bytes, int])
                | "MeasurePairs" >> _MeasurePairs(task)
            )

        engine.run(build, lanes=lanes)
    for part in _undone(context, todo):
        raise StageError(f"{STAGE}: {part.name} was not measured; run again to go on")
    return parts


def verify_round(
    engine: Engine,
    context: Context,
    lsh_partitions: LshPartitions,
    groups: ShardGroups,
    parts: Sequence[PairPart],
    pairs: int,
    sizes: NearDedupSizes = DEFAULT_SIZES,
) -> None:
    """Measure those pairs of a round that are not measured yet; the files with the pairs are there.

    Args:
        engine: where to measure many of them.
        context: the run.
        lsh_partitions: how pairs are divided into pair partitions.
        groups: all shards, in groups.
        parts: all parts of the round.
        pairs: the number of pairs.
        sizes: how the work is divided.

    Raises:
        StageError: a part was not measured.
    """
    todo = _undone(context, parts)
    if not todo:
        return
    task = _Verification(context, groups, parts, todo, lsh_partitions, sizes)
    if pairs <= sizes.driver_pairs:  # not worth a job, which takes minutes to begin on some engines
        spills = [(group, task.make_shingles(group)) for group in range(len(groups))]
        for part in todo:
            task.measure(part, spills)
    else:

        def build(pipeline: beam.Pipeline) -> None:
            keys = pipeline | "DistributeLanes" >> DistributeLanes(range(len(groups)))
            keyed = keys | "KeyByGroup" >> beam.Map(_key_by_group).with_output_types(tuple[bytes, int])
            keyed | "MeasurePairs" >> _MeasurePairs(task)

        engine.run(build, lanes=engine.lanes(max(len(todo), len(groups))))
    for part in _undone(context, todo):
        raise StageError(f"{STAGE}: {part.name} was not measured; run again to go on")


def _undone(context: Context, parts: Sequence[PairPart]) -> list[PairPart]:
    measured = context.run.done(STAGE, context.stage_keys[STAGE], [part.name for part in parts])
    return [part for part in parts if part.name not in measured]


def _key_by_group(group: int) -> tuple[bytes, int]:
    return b"%d" % group, group


class _Verification(NamedTuple):
    """What a job measures, as its workers know it.

    Attributes:
        context: the run.
        groups: all shards, in groups.
        parts: all parts whose pairs were asked for together.
        todo: those that are not measured yet.
        lsh_partitions: how pairs are divided into pair partitions.
        sizes: how the work is divided.
    """

    context: Context
    groups: ShardGroups
    parts: Sequence[PairPart]
    todo: Sequence[PairPart]
    lsh_partitions: LshPartitions
    sizes: NearDedupSizes

    def merge(self, part: PairPart) -> None:
        """Write the pairs of a part and the documents that they need."""
        with guard_work_item(self.context, STAGE, _merged_name(part)):
            self._commit(merge_pair_partition(self.context, self.lsh_partitions, self.groups, part.pair_partition))

    def make_shingles(self, group: int) -> int:
        """Write the shingles of a group of shards, if they are not there, and return the number of their files."""
        context, round_number = self.context, self.parts[0].round_number
        name = shingles_name(group, round_number)
        with guard_work_item(context, STAGE, name):
            found = count_spills(context, group, round_number)
            if found is None:
                partitions = [part.pair_partition for part in self.parts]
                wanted = read_wanted(context, partitions, group, self.lsh_partitions.pair_partitions, round_number)
                commit = write_shingles(context, self.groups[group], group, wanted, round_number, self.sizes)
                self._commit(commit)
                found = commit.counts["spills"]
        release_memory()
        return found

    def measure(self, part: PairPart, spills: Iterable[tuple[int, int]]) -> None:
        """Measure the pairs of a part, given (number, files of shingles) of each group of shards."""
        with guard_work_item(self.context, STAGE, part.name):
            self._commit(measure_part(self.context, part, sorted(set(spills)), self.sizes))
        release_memory()

    def _commit(self, commit: ShardCommit) -> None:
        self.context.run.commit_shard(STAGE, self.context.stage_keys[STAGE], commit)


class _MeasurePairs(beam.PTransform[beam.PCollection[tuple[bytes, int]], beam.PCollection[None]]):
    """Make the shingles of the groups of shards whose numbers come in, and when all are made, compare."""

    def __init__(self, task: _Verification) -> None:
        super().__init__()
        self._task = task

    def expand(self, groups: beam.PCollection[tuple[bytes, int]]) -> beam.PCollection[None]:
        """Group twice: shingles begin when all pairs are merged, and each comparison when all shingles are made."""
        make = beam.ParDo(_MakeShingles(self._task))
        done: beam.PCollection[None] = (
            groups
            | "GroupByShardGroup" >> beam.GroupByKey()
            | "MakeShingles" >> make.with_output_types(tuple[bytes, tuple[int, int]])
            | "GroupByPairPartition" >> beam.GroupByKey()
            | "Measure" >> beam.ParDo(_MeasurePart(self._task)).with_output_types(None)
        )
        return done


class _MergePairPartition(beam.DoFn):
    def __init__(self, task: _Verification) -> None:
        self._task = task

    def process(self, element: tuple[int, PairPart | None]) -> Iterator[tuple[bytes, int]]:
        number, part = element
        if part is not None:
            self._task.merge(part)
        if number == 0:
            yield from map(_key_by_group, range(len(self._task.groups)))


class _MakeShingles(beam.DoFn):
    def __init__(self, task: _Verification) -> None:
        self._task = task

    def process(self, element: tuple[bytes, Iterable[int]]) -> Iterator[tuple[bytes, tuple[int, int]]]:
        group = int(element[0])
        spills = self._task.make_shingles(group)
        for number in range(len(self._task.todo)):
            yield b"%d" % number, (group, spills)


class _MeasurePart(beam.DoFn):
    def __init__(self, task: _Verification) -> None:
        self._task = task

    def process(self, element: tuple[bytes, Iterable[tuple[int, int]]]) -> None:
        number, spills = element
        self._task.measure(self._task.todo[int(number)], spills)


# -- collecting a pair partition ---------------------------------------------------------------------------------------


def merge_pair_partition(
    context: Context, lsh_partitions: LshPartitions, groups: ShardGroups, pair_partition: int
) -> ShardCommit:
    """Write the distinct pairs of one pair partition and the documents that they need, and return the commit.

    The commit lists no file, because the files are deleted when the stage is complete.
    """

    def read(lsh_partition: int) -> Pairs:
        with fs.open_read(lsh_partition_path(context, lsh_partition)) as handle:
            return pair_files.read_pair_partition(handle, pair_partition, lsh_partitions.pair_partitions)

    every = range(lsh_partitions.lsh_partition_count)
    pairs = pair_files.merge_pairs(fs.concurrently(context.run.folder, read, every))
    part = PairPart(pair_partition)
    wanted = write_pairs(context, groups, part, pairs)
    return ShardCommit(_merged_name(part), (), {"distinct": len(pairs), "wanted_bytes": wanted})


def write_pairs(context: Context, groups: ShardGroups, part: PairPart, pairs: Pairs) -> int:
    """Write the pairs of a part and the documents that they need; return the bytes of the second file."""
    fs.write_bytes(pairs_path(context, part), pair_files.pack_pairs(pairs))
    return write_wanted(context, groups, pairs, part.pair_partition, part.round_number)


def _is_merged(context: Context, part: PairPart, lsh_partitions: LshPartitions) -> bool:
    commit = context.run.shard_commit(STAGE, context.stage_keys[STAGE], _merged_name(part))
    if commit is None:
        return False
    wanted = wanted_path(context, part.pair_partition, part.round_number)
    has_pairs = fs.has_size(pairs_path(context, part), commit.counts["distinct"] * PAIR_BYTES)
    return has_pairs and fs.has_size(wanted, commit.counts["wanted_bytes"])


def read_pairs(context: Context, part: PairPart) -> Pairs:
    """Return the pairs of a part, distinct and sorted."""
    return pair_files.unpack_pairs(fs.read_bytes(pairs_path(context, part)))


def pairs_path(context: Context, part: PairPart) -> str:
    """Return the path of the file with the pairs of a part."""
    return context.run.path(CANDIDATES, f"{round_folder(part.round_number)}part-{part.pair_partition:05d}.u64")


def _merged_name(part: PairPart) -> str:
    return f"candidates/part-{part.pair_partition:05d}"


# -- measuring a part --------------------------------------------------------------------------------------------------


def measure_part(
    context: Context, part: PairPart, spills: Sequence[tuple[int, int]], sizes: NearDedupSizes = DEFAULT_SIZES
) -> ShardCommit:
    """Measure the pairs of a part exactly, write them as evidence, and return the commit.

    Args:
        context: the run.
        part: the part, whose pairs are written.
        spills: (number, files of shingles) of each group of shards.
        sizes: how much is held in memory.
    """
    pairs, place = read_pairs(context, part), (part.pair_partition, part.round_number)
    blocks = -(-count_shingle_bytes(context, spills, *place) // sizes.block_bytes)
    jaccard, containment = np.zeros(len(pairs)), np.zeros(len(pairs))
    for rows in np.array_split(np.arange(len(pairs)), max(1, min(blocks, len(pairs)))):
        sets = read_shingles(context, spills, *place, np.unique(pairs[rows]))
        jaccard[rows], containment[rows] = measure_pairs(sets, pairs[rows], earlier_corpora(context))
    table = pairs_table(pairs, jaccard, containment)
    with fs.publish(context.run.path(part.evidence)) as new:
        pq.write_table(table, new, compression="zstd")
    above = int(np.count_nonzero(is_near_duplicate(jaccard, context.recipe.near)))
    return ShardCommit(part.name, (context.run.committed(new, len(pairs)),), {"candidates": len(pairs), "pairs": above})


def pairs_table(pairs: Pairs, jaccard: F64, containment: F64) -> pa.Table:
    """Return measured pairs as they are stored; see :func:`measure_pairs`."""
    columns = (pairs[:, 0], pairs[:, 1], jaccard, containment)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, PAIRS, strict=True)], schema=PAIRS)


def measure_pairs(sets: ShingleSets, pairs: Pairs, corpora: EarlierCorpora | None) -> tuple[F64, F64]:
    """Return (Jaccard similarity, containment of the smaller) of pairs; see :class:`massivetext.dedup.similarity`.

    Args:
        sets: shingles of all documents in the pairs; of a document of an earlier corpus, as they are stored there.
        pairs: pairs of document references, of which the second may be of an earlier corpus.
        corpora: the earlier corpora.
    """
    first, second = sets.positions(pairs[:, 0]), sets.positions(pairs[:, 1])
    sizes, shared = np.diff(sets.bounds), count_shared(sets, first, second)
    total = sizes[first] + sizes[second] - shared
    small = np.minimum(sizes[first], sizes[second])
    jaccard, containment = shared / np.maximum(total, 1), shared / np.maximum(small, 1)
    if corpora is not None:
        for row in np.flatnonzero(is_earlier(pairs[:, 1])).tolist():
            own = corpora.comparable(sets.of(first[row]), int(pairs[row, 1]))
            jaccard[row], containment[row] = similarity(own, sets.of(second[row]))
    return jaccard, containment
