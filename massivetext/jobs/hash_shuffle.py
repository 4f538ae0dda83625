"""Removal of all but one of the documents with equal hashes: hashes meet in one shuffle, what is removed goes back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from massivetext.dedup.exact_copies import exact_duplicates
from massivetext.dedup.row_types import REMOVED_ROW, split_by_partition, text_hash_row
from massivetext.engines.engine import DistributeLanes, Engine
from massivetext.runs.attempts import guard_work_item, translate_errors
from massivetext.runs.canary_run import canary_commit
from massivetext.runs.context import Context
from massivetext.runs.store import Shard, ShardCommit
from massivetext.schema import EARLIER, MAX_SHARDS, U64, is_earlier, shard_numbers

ROWS = tuple[bytes, bytes]  # (partition or shard, rows). Declared per output; otherwise Beam pickles the keys.
Batch = npt.NDArray[np.void]

# One worker sorts a partition of the hashes in memory: at least 64 partitions, and one per eight shards.
_MIN_PARTITIONS, _SHARDS_PER_PARTITION = 64, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedStage:
    """A stage that keeps one of the documents with equal hashes, as functions of one shard; it is sent to workers.

    Attributes:
        name: name of the stage.
        rank_columns: columns of the rank of a document.
        read: function (context, shard number) that returns the documents of a shard, as
            :func:`massivetext.dedup.row_types.text_hash_row`.
        place: function (context, shard number) that names the shard in errors.
        write: function (context, shard, removed documents as ``REMOVED_ROW``) that writes the verdicts of a shard.
    """

    name: str
    rank_columns: int
    read: Callable[[Context, int], Batch]
    place: Callable[[Context, int], str]
    write: Callable[[Context, Shard, Batch], ShardCommit]


def keep_one_per_hash(
    engine: Engine, context: Context, stage: HashedStage, shards: Sequence[Shard], others: Sequence[int] = ()
) -> None:
    """Write the verdicts of a stage on some shards; ``others`` take part: shards of earlier corpora and of canaries."""
    numbers = [*(context.number_of_shard(shard) for shard in shards), *others]
    lanes = [numbers] if engine.embedded else [[number] for number in numbers]
    partitions = max(_MIN_PARTITIONS, len(shards) // _SHARDS_PER_PARTITION)

    def build(pipeline: beam.Pipeline) -> None:
        hashes = (
            pipeline
            | "DistributeLanes" >> DistributeLanes(lanes)
            | "ReadHashes"
            >> beam.ParDo(_ReadHashes(context, stage, partitions))
            .with_output_types(ROWS, hashed=ROWS, empty=ROWS)
            .with_outputs("hashed", "empty")
        )
        removed = (
            hashes.hashed
            | "GroupByHash" >> beam.GroupByKey()
            | "Resolve" >> beam.FlatMapTuple(resolve, stage.rank_columns).with_output_types(tuple[bytes, bytes])
        )
        (
            (removed, hashes.empty)
            | "WithEveryShard" >> beam.Flatten()
            | "GroupByShard" >> beam.GroupByKey()
            | "Write" >> beam.ParDo(_WriteVerdicts(context, stage))
        )

    engine.run(build, lanes=1)


class _ReadHashes(beam.DoFn):
    def __init__(self, context: Context, stage: HashedStage, partitions: int) -> None:
        self._context, self._stage, self._partitions = context, stage, partitions

    def process(self, lane: list[int]) -> Iterable[object]:
        for number in lane:
            with translate_errors(f"{self._stage.name}: {self._stage.place(self._context, number)}"):
                batch = self._stage.read(self._context, number)
            if number // MAX_SHARDS != EARLIER:
                yield beam.pvalue.TaggedOutput("empty", (b"%d" % number, b""))
            for partition, rows in split_by_partition(batch, batch["hash"][:, 0], self._partitions):
                yield beam.pvalue.TaggedOutput("hashed", (partition, rows))


def hash_batch(hashes: U64, ranks: U64, document_refs: U64) -> Batch:
    """Return rows from hashes, uint64[rows, 2], ranks, uint64[rows, columns], and document references."""
    batch = np.zeros(len(hashes), text_hash_row(ranks.shape[1]))
    batch["hash"], batch["document_ref"] = hashes, document_refs
    batch["rank"] = ranks[:, 0] if ranks.shape[1] == 1 else ranks
    return batch


def resolve(_: bytes, batches: Iterable[bytes], rank_columns: int = 1) -> Iterator[tuple[bytes, bytes]]:
    """Yield (shard, removed documents) for one partition of the hashes, whose ranks have so many columns."""
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
    def __init__(self, context: Context, stage: HashedStage) -> None:
        self._context, self._stage = context, stage

    def process(self, element: tuple[bytes, Iterable[bytes]]) -> None:
        shard_key, batches = element
        name = self._stage.name
        context, shard = self._context.locate(int(shard_key))
        with guard_work_item(context, name, shard.name):
            commit = self._stage.write(context, shard, np.frombuffer(b"".join(batches), REMOVED_ROW))
            commit = canary_commit(commit) if context.of_canaries else commit
            context.run.commit_shard(name, context.stage_keys[name], commit)
