"""Tokens of every draw: crops of the kept documents, encoded shard by shard, in rounds until the sequences suffice."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

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
from massivetext.runs.run_log import count_work
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem, scale_costs
from massivetext.stages import RECORDS, TOKENIZER
from massivetext.storage import files as fs
from massivetext.tokenizer.encoder import Encoder
from massivetext.tokenizer.model_files import read_encoder

STAGE = RECORDS.name
BATCH_BYTES = 4 * 2**20  # bytes of crops that are encoded together and written as one row group
_ENCODE_COST = 1 / 2e6  # seconds per byte of text
_BYTES_PER_TOKEN = 4.0  # used if there is no sample to measure it on
_MEASURED_PASSAGES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocuments:
    """The kept documents of a source.

    Attributes:
        documents: number of kept documents.
        crop_bytes: mean bytes of the crop of a draw.
        first: index of the first document of each shard among the kept documents of the source.
    """

    documents: int
    crop_bytes: float
    first: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedDraws:
    """The draws of all sources, and how many sequences of them are used.

    Attributes:
        draws: number of encoded draws by source.
        quotas: number of sequences by source.
        rounds: number of encoding rounds by source; each round has its own files.
        kept: kept documents by source.
    """

    draws: Mapping[str, int]
    quotas: Mapping[str, int]
    rounds: Mapping[str, int]
    kept: Mapping[str, KeptDocuments]

    @property
    def sequences(self) -> int:
        """Number of sequences of all sources."""
        return sum(self.quotas.values())


class DrawnCrop(NamedTuple):
    """The text that a draw takes of its document.

    Attributes:
        row: row of the document in its shard.
        draw: number of the draw.
        text: the text of the crop.
        starts: whether the document begins with it, so that it gets a BOS token.
        ends: whether the document ends with it, so that it gets an EOS token.
    """

    row: int
    draw: int
    text: str
    starts: bool
    ends: bool


def encode_draws(engine: Engine, context: Context, items: Sequence[WorkItem]) -> EncodedDraws:
    """Write tokens/, in as many rounds as the quotas need, and return what was drawn.

    Raises:
        UserError: a source has too little text for a single sequence.
    """
    options, sources = context.recipe.records, context.recipe.sources
    weights = {name: source.weight for name, source in sources.items()}
    kept = {source: _kept_documents(context, source) for source in sorted(sources)}
    wanted = compute_quotas(weights, options.sequences) if options.sequences else None
    draws = {
        source: _first_draw_count(context, source, kept[source], wanted[source] if wanted else None) for source in kept
    }
    before, rounds, available = dict.fromkeys(draws, 0), dict.fromkeys(draws, 0), dict.fromkeys(draws, 0)
    todo = set(draws)
    while todo:
        for number in sorted({rounds[source] for source in todo}):
            now = {source for source in todo if rounds[source] == number}
            ranges = {source: (before[source], draws[source]) for source in now}
            stage = EncodeStage(STAGE, EncodeRound(number, ranges, kept))
            in_round = [item for item in items if item.shard.source in now]
            run_shards(engine, context, [stage], scale_costs(in_round, _ENCODE_COST))
        for source in sorted(todo):
            available[source] = _write_token_counts(context, source, draws[source], rounds[source] + 1)
            rounds[source] += 1
            if wanted is None or available[source] >= wanted[source]:
                todo.remove(source)
                continue
            before[source] = draws[source]
            draws[source] = _next_draw_count(context, source, wanted[source], draws[source], available[source])
    if wanted is None:
        wanted = compute_quotas(weights, _largest_total(context, weights, available))
    return EncodedDraws(draws=draws, quotas=wanted, rounds=rounds, kept=kept)


def _largest_total(context: Context, weights: Mapping[str, Decimal], available: Mapping[str, int]) -> int:
    total = largest_total(weights, available)
    if total == 0:
        least = min(available, key=lambda source: available[source] / float(weights[source]))
        raise UserError(
            f"records: source '{least}' gives only {available[least]} sequences of "
            f"{context.recipe.records.sequence_length} tokens, too few for its weight; set records.sequences or "
            "records.epochs, or lower sequence_length"
        )
    return total


def _next_draw_count(context: Context, source: str, wanted: int, draws: int, sequences: int) -> int:
    try:
        return next_draws(wanted, draws, sequences, context.recipe.records.crops_per_group)
    except ValueError as error:
        raise UserError(f"records: source '{source}': {error}") from error


def _kept_documents(context: Context, source: str) -> KeptDocuments:
    options = context.recipe.records
    window = options.bytes_per_token * options.sequence_length
    shards = context.shards(source)
    sizes = list(fs.concurrently(context.run.folder, lambda shard: _kept_sizes(context, shard), shards))
    first = np.cumsum([0, *map(len, sizes[:-1])])
    # A window lies anywhere between just before the document's end and just after its beginning; see crop_window.
    crops = np.concatenate([window * size / (window + size - 1) for size in sizes])
    return KeptDocuments(documents=len(crops), crop_bytes=float(crops.mean()), first=tuple(first.tolist()))


def _kept_sizes(context: Context, shard: Shard) -> npt.NDArray[np.float64]:
    sizes: npt.NDArray[np.int64] = context.run.read_table("signals", shard, ["byte_count"])["byte_count"].to_numpy()
    return sizes[context.kept(shard)].astype(np.float64)


def _first_draw_count(context: Context, source: str, kept: KeptDocuments, quota: int | None) -> int:
    options = context.recipe.records
    if quota is None:
        groups = kept.documents * options.epochs // options.crops_per_group
        return max(groups, 1) * options.crops_per_group  # more than the epochs only for a source of very few documents
    tokens = kept.crop_bytes / _bytes_per_token(context, source)
    return first_draws(quota, tokens, options.crops_per_group, options.sequence_length)


def _bytes_per_token(context: Context, source: str) -> float:
    passages: list[str] = []
    for shard in context.shards(source):
        passages += sampled_passages(context, shard, _MEASURED_PASSAGES - len(passages))
    model = encoder(context.run.path(MODEL), context.stage_keys[TOKENIZER.name])
    tokens = sum(map(len, model.encode(passages)))
    return sum(len(passage.encode()) for passage in passages) / tokens if tokens else _BYTES_PER_TOKEN


def _write_token_counts(context: Context, source: str, draws: int, rounds: int) -> int:
    """Write the number of tokens of every draw of a source, and return how many sequences they give."""
    counts = read_counts(context.run, context.shards(source), rounds, draws)
    written = fs.write_bytes(counts_path(context.run, source), counts.astype("<u4").tobytes())
    commit = ShardCommit(f"tokens/counts/{source}", (context.run.committed(written, draws),), {})
    context.run.commit_shard(STAGE, context.stage_keys[STAGE], commit)
    options = context.recipe.records
    return lay_out_draws(counts, options.crops_per_group, options.sequence_length).sequences


@functools.lru_cache(maxsize=1)
def encoder(path: str, stage_key: str) -> Encoder:
    """Return the encoder of the run, loaded once per process; another stage key means another model at the path."""
    return read_encoder(path)


def encode_crops(context: Context, crops: Sequence[DrawnCrop]) -> pa.Table:
    """Return the tokens of crops as a table of :data:`massivetext.records.tokens.TOKENS`, one row per crop."""
    model = encoder(context.run.path(MODEL), context.stage_keys[TOKENIZER.name])
    ids = [
        add_bos_eos(ids, each.starts, each.ends, model.info.bos_id, model.info.eos_id)
        for ids, each in zip(model.encode([each.text for each in crops]), crops, strict=True)
    ]
    columns = {
        "row": [each.row for each in crops],
        "draw": [each.draw for each in crops],
        "count": [len(each) for each in ids],
        "tokens": [each.astype(each.dtype.newbyteorder("<")).tobytes() for each in ids],
    }
    return pa.table(columns, schema=TOKENS)


class EncodeRound:
    """One encoding round: encodes the draws of a range that hit the documents of a shard.

    Args:
        number: number of the round, from 0.
        ranges: by source: first draw, and the draw after the last.
        kept: kept documents by source.
        batch_bytes: characters of crops that are encoded and held in memory together.
        encode: function that encodes crops.
    """

    def __init__(
        self,
        number: int,
        ranges: Mapping[str, tuple[int, int]],
        kept: Mapping[str, KeptDocuments],
        *,
        batch_bytes: int = BATCH_BYTES,
        encode: Callable[[Context, Sequence[DrawnCrop]], pa.Table] = encode_crops,
    ) -> None:
        self._number, self._ranges, self._kept = number, ranges, kept
        self._batch_bytes, self._encode = batch_bytes, encode

    def __call__(self, context: Context, item: WorkItem) -> ShardCommit:
        """Write the tokens of one shard, and return the commit."""
        shard, run = item.shard, context.run
        draws = tokens = 0
        with (
            fs.publish(round_tokens_path(run, self._number, shard)) as new,
            pq.ParquetWriter(new, TOKENS, compression="zstd") as writer,
        ):
            for table in self._tables(context, shard):
                writer.write_table(table)
                draws += table.num_rows
                tokens += sum(table["count"].to_pylist())
        counts = {"draws": draws, "drawn_tokens": tokens}
        return ShardCommit(self.commit_name(shard), (run.committed(new, draws),), counts)

    def commit_name(self, shard: Shard) -> str:
        """Return the name of the commit of a shard; it names the range, because another range is another work item."""
        first, end = self._ranges[shard.source]
        return f"tokens/round-{self._number}/draws-{first}-{end}/{shard.name}"

    def _tables(self, context: Context, shard: Shard) -> Iterator[pa.Table]:
        crops: list[DrawnCrop] = []
        size = 0
        for row, draws, data in self._drawn(context, shard):
            for draw in draws:
                text, starts, ends = _crop(context, shard.source, data, draw)
                crops.append(DrawnCrop(row, draw, text, starts, ends))
                size += len(text)
                if size >= self._batch_bytes:  # checked after every draw: a document may be drawn any number of times
                    yield self._encode(context, crops)
                    count_work(len(crops), size)
                    crops, size = [], 0
        if crops:
            yield self._encode(context, crops)
            count_work(len(crops), size)

    def _drawn(self, context: Context, shard: Shard) -> Iterator[tuple[int, list[int], bytes]]:
        """Yield (row, draws, text as UTF-8) for every document of the shard that a draw of the range hits."""
        kept, (low, high) = self._kept[shard.source], self._ranges[shard.source]
        alive = np.flatnonzero(context.kept(shard))
        indices: I64 = kept.first[shard.index] + np.arange(len(alive), dtype=np.int64)
        positions, draws = draws_of_documents(indices, kept.documents, high, context.recipe.seed, shard.source)
        positions, draws = positions[draws >= low], draws[draws >= low]
        by_document: dict[int, list[int]] = {}
        for position, draw in zip(positions.tolist(), draws.tolist(), strict=True):
            by_document.setdefault(int(alive[position]), []).append(draw)
        wanted = np.array(sorted(by_document), np.int64)
        for row, document in documents.read_rows(context.run, shard, ["text"], wanted):
            yield row, by_document[row], str(document["text"]).encode()


class EncodeStage(ShardStage):
    """An encoding round as a stage of shards."""

    process: EncodeRound

    def commit_name(self, item: WorkItem) -> str:
        """Return the name of the commit of a work item."""
        return self.process.commit_name(item.shard)


def _crop(context: Context, source: str, data: bytes, draw: int) -> tuple[str, bool, bool]:
    options = context.recipe.records
    window = options.bytes_per_token * options.sequence_length
    return crop(data, *crop_window(len(data), window, context.recipe.seed, source, draw))
