"""Tokens of every draw: crops of the kept documents, encoded shard by shard, round by round until the rows suffice."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.engines.engine import Engine
from massivetext.engines.shard_jobs import run_shards
from massivetext.errors import UserError
from massivetext.jobs.tokenizer_training import MODEL, sampled_passages
from massivetext.records.crops import I64, add_bos_eos, crop, crop_window, draws_of_documents
from massivetext.records.mixture import compute_quotas, largest_total
from massivetext.records.sequences import first_draws, lay_out_draws, next_draws
from massivetext.records.tokens import TOKENS, counts_path, read_counts, round_tokens_path
from massivetext.runs import documents
from massivetext.runs.context import Context
from massivetext.runs.progress import Reporter
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.stages import RECORDS, TOKENIZER
from massivetext.storage import files as fs
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.model_files import read_encoder

STAGE = RECORDS.name
_COST = 1 / 2e6  # seconds a byte of text
_BATCH_BYTES = 4 * 2**20
_BYTES_PER_TOKEN = 4.0  # where there is no sample to measure it on
_MEASURED_PASSAGES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivors:
    """The kept documents of a source.

    Attributes:
        documents: how many there are.
        crop_bytes: mean bytes of a draw's crop.
        first: rank of each shard's first document among them.
    """

    documents: int
    crop_bytes: float
    first: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What was drawn and how much of it is used.

    Attributes:
        draws: of each source.
        quotas: sequences of each source.
        rounds: rounds of encoding of each source; each has its own parts.
        survivors: of each source.
    """

    draws: Mapping[str, int]
    quotas: Mapping[str, int]
    rounds: Mapping[str, int]
    survivors: Mapping[str, Survivors]

    @property
    def sequences(self) -> int:
        """Sequences of all sources."""
        return sum(self.quotas.values())


def encode(engine: Engine, context: Context, tasks: Sequence[WorkItem]) -> Encoded:
    """Writes tokens/ and returns what is in it.

    Raises:
        UserError: a source has too little text for a single sequence.
    """
    options, sources = context.recipe.records, context.recipe.sources
    survivors = {source: _survivors(context, source) for source in sorted(sources)}
    wanted = (
        compute_quotas({name: s.weight for name, s in sources.items()}, options.sequences)
        if options.sequences
        else None
    )
    draws = {
        source: _first_draws(context, source, survivors[source], wanted[source] if wanted else None)
        for source in survivors
    }
    before, rounds, available = dict.fromkeys(draws, 0), dict.fromkeys(draws, 0), dict.fromkeys(draws, 0)
    todo = set(draws)
    while todo:
        for number in sorted({rounds[source] for source in todo}):
            now = {source for source in todo if rounds[source] == number}
            ranges = {source: (before[source], draws[source]) for source in now}
            stage = EncodeStage(STAGE, EncodeRound(number, ranges, survivors))
            run_shards(
                engine, context, [stage], scale_costs([task for task in tasks if task.shard.source in now], _COST)
            )
        for source in sorted(todo):
            available[source] = _count(context, source, draws[source], rounds[source] + 1)
            rounds[source] += 1
            if wanted is None or available[source] >= wanted[source]:
                todo.remove(source)
                continue
            before[source] = draws[source]
            draws[source] = _more(context, source, wanted[source], draws[source], available[source])
    if wanted is None:
        weights = {name: s.weight for name, s in sources.items()}
        wanted = compute_quotas(weights, _affordable(context, weights, available))
    return Encoded(draws=draws, quotas=wanted, rounds=rounds, survivors=survivors)


def _affordable(context: Context, weights: Mapping[str, Any], available: Mapping[str, int]) -> int:
    total = largest_total(weights, available)
    if total == 0:
        least = min(available, key=lambda source: available[source] / float(weights[source]))
        raise UserError(
            f"records: source '{least}' gives only {available[least]} sequences of "
            f"{context.recipe.records.sequence_length} tokens, too few for its weight; set records.sequences or "
            "records.epochs, or lower sequence_length"
        )
    return total


def _more(context: Context, source: str, wanted: int, draws: int, rows: int) -> int:
    try:
        return next_draws(wanted, draws, rows, context.recipe.records.crops_per_group)
    except ValueError as error:
        raise UserError(f"records: source '{source}': {error}") from error


def _survivors(context: Context, source: str) -> Survivors:
    options = context.recipe.records
    window = options.bytes_per_token * options.sequence_length
    shards = context.shards(source)
    sizes = list(fs.concurrently(context.run.folder, lambda shard: _kept_sizes(context, shard), shards))
    first = np.cumsum([0, *map(len, sizes[:-1])])
    # A window lies anywhere between just before the document's end and just after its beginning; see crop_window.
    crops = np.concatenate([window * size / (window + size - 1) for size in sizes])
    return Survivors(documents=len(crops), crop_bytes=float(crops.mean()), first=tuple(first.tolist()))


def _kept_sizes(context: Context, shard: Shard) -> npt.NDArray[np.float64]:
    column = context.run.read_table("signals", shard, ["byte_count"])["byte_count"]
    sizes: npt.NDArray[np.float64] = column.to_numpy()[context.kept(shard)].astype(np.float64)
    return sizes


def _first_draws(context: Context, source: str, survivors: Survivors, quota: int | None) -> int:
    options = context.recipe.records
    if quota is None:
        groups = survivors.documents * options.epochs // options.crops_per_group
        return (
            max(groups, 1) * options.crops_per_group
        )  # no more than the epochs, but for a source of hardly any documents
    tokens = survivors.crop_bytes / _bytes_per_token(context, source)
    return first_draws(quota, tokens, options.crops_per_group, options.sequence_length)


def _bytes_per_token(context: Context, source: str) -> float:
    passages: list[str] = []
    for shard in context.shards(source):
        passages += sampled_passages(context, shard, _MEASURED_PASSAGES - len(passages))
    model = encoder(context.run.path(MODEL), context.keys[TOKENIZER.name])
    tokens = sum(map(len, model.encode(passages)))
    return sum(len(passage.encode()) for passage in passages) / tokens if tokens else _BYTES_PER_TOKEN


def _count(context: Context, source: str, draws: int, rounds: int) -> int:
    counts = read_counts(context.run, context.shards(source), rounds, draws)
    path = counts_path(context.run, source)
    fs.write_bytes(path, counts.astype("<u4").tobytes())
    commit = ShardCommit(f"tokens/counts/{source}", (context.run.committed(path, draws),), {})
    context.run.commit_shard(STAGE, context.keys[STAGE], commit)
    options = context.recipe.records
    return lay_out_draws(counts, options.crops_per_group, options.sequence_length).sequences


@functools.lru_cache(maxsize=1)
def encoder(path: str, key: str) -> Encoder:
    """The run's encoder, loaded once a process; the key tells a retrained model from the one before."""
    return read_encoder(path)


class EncodeRound:
    """Encodes the draws of a range that hit a shard's documents."""

    def __init__(self, number: int, ranges: Mapping[str, tuple[int, int]], survivors: Mapping[str, Survivors]) -> None:
        self._number, self._ranges, self._survivors = number, ranges, survivors

    def __call__(self, context: Context, task: WorkItem, reporter: Reporter) -> ShardCommit:
        """Writes the tokens of one shard."""
        shard, run = task.shard, context.run
        path = round_tokens_path(run, self._number, shard)
        draws = tokens = 0
        with fs.publish(path) as temporary, pq.ParquetWriter(temporary, TOKENS, compression="zstd") as writer:
            for table in self._tables(context, shard, reporter):
                writer.write_table(table)
                draws += table.num_rows
                tokens += sum(table["count"].to_pylist())
        return ShardCommit(
            self.task_name(shard), (run.committed(path, draws),), {"draws": draws, "drawn_tokens": tokens}
        )

    def task_name(self, shard: Shard) -> str:
        """Name of a shard's commit: the tokens of another range of draws are another task."""
        first, end = self._ranges[shard.source]
        return f"tokens/round-{self._number}/draws-{first}-{end}/{shard.name}"

    def _tables(self, context: Context, shard: Shard, reporter: Reporter) -> Iterator[pa.Table]:
        crops: list[dict[str, Any]] = []
        size = 0
        for row, draws, data in self._drawn(context, shard):
            for draw in draws:
                text, starts, ends = _crop(context, shard.source, data, draw)
                crops.append({"row": row, "draw": draw, "text": text, "starts": starts, "ends": ends})
                size += len(text)
                if size >= _BATCH_BYTES:  # after every draw: a document may be drawn any number of times
                    yield _encoded(context, crops)
                    reporter.add(len(crops), size)
                    crops, size = [], 0
        if crops:
            yield _encoded(context, crops)
            reporter.add(len(crops), size)

    def _drawn(self, context: Context, shard: Shard) -> Iterator[tuple[int, list[int], bytes]]:
        survivors, (low, high) = self._survivors[shard.source], self._ranges[shard.source]
        alive = np.flatnonzero(context.kept(shard))
        indices: I64 = survivors.first[shard.index] + np.arange(len(alive), dtype=np.int64)
        positions, draws = draws_of_documents(indices, survivors.documents, high, context.recipe.seed, shard.source)
        positions, draws = positions[draws >= low], draws[draws >= low]
        by_document: dict[int, list[int]] = {}
        for position, draw in zip(positions.tolist(), draws.tolist(), strict=True):
            by_document.setdefault(int(alive[position]), []).append(draw)
        wanted = np.array(sorted(by_document), np.int64)
        for row, document in documents.rows(context.run, shard, ["text"], wanted):
            yield row, by_document[row], str(document["text"]).encode()


class EncodeStage(ShardStage):
    """A round of encoding as a stage of shards."""

    process: EncodeRound

    def commit_name(self, task: WorkItem) -> str:
        """Name of a task's commit."""
        return self.process.task_name(task.shard)


def _crop(context: Context, source: str, data: bytes, draw: int) -> tuple[str, bool, bool]:
    options = context.recipe.records
    crop_bytes = options.bytes_per_token * options.sequence_length
    return crop(data, *crop_window(len(data), crop_bytes, context.recipe.seed, source, draw))


def _encoded(context: Context, crops: list[dict[str, Any]]) -> pa.Table:
    model = encoder(context.run.path(MODEL), context.keys[TOKENIZER.name])
    ids = [
        add_bos_eos(ids, item["starts"], item["ends"], model.info.bos_id, model.info.eos_id)
        for ids, item in zip(model.encode([item["text"] for item in crops]), crops, strict=True)
    ]
    columns = {
        "row": [item["row"] for item in crops],
        "draw": [item["draw"] for item in crops],
        "count": [len(each) for each in ids],
        "tokens": [each.astype(each.dtype.newbyteorder("<")).tobytes() for each in ids],
    }
    return pa.table(columns, schema=TOKENS)
