"""Records: the tokens of all draws become sequences in their final order, record shards and dataset.json.

Tokens are the only form of text that crosses a shuffle. The embedded runner keeps a shuffle in memory: there the record
shards are written in waves of a fixed size in bytes; a cluster writes them in one wave.
"""

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import apache_beam as beam
import msgspec
import numpy as np
import pyarrow.parquet as pq

from massivetext.engines.engine import DistributeLanes, Engine, balance_lanes
from massivetext.jobs.coverage import measure_coverage
from massivetext.jobs.dataset_description import WrittenSplit, write_dataset
from massivetext.jobs.encode_draws import EncodedDraws, encode_draws
from massivetext.jobs.encode_round import STAGE, KeptDocuments, run_encoder
from massivetext.jobs.split_documents import count_documents
from massivetext.recipe import Recipe
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.pieces import SequencePiece, documents_of_records, pack_pieces, unpack_pieces
from massivetext.records.record_format import SequenceRecord
from massivetext.records.sequences import (
    SequenceOrder,
    SourceLayout,
    assemble_sequence,
    shard_count,
    shard_sizes,
)
from massivetext.records.tokens import documents_path, draws_of_rows, lay_out_source, round_tokens_path
from massivetext.runs.attempts import guard_work_item, translate_errors
from massivetext.runs.context import Context
from massivetext.runs.store import CommittedFile, Run, Shard, ShardCommit
from massivetext.runs.work_items import WorkItem
from massivetext.storage import files as fs
from massivetext.storage import tables
from massivetext.tokenizer.encoder import id_dtype

WAVE_BYTES = 32 * 2**20  # bytes of tokens that cross a shuffle of the embedded runner at a time
_NO_TOKENS = np.zeros(0, np.uint16)  # of an empty document, from a model without BOS and EOS
_WRITE_COST = 1 / 20e6  # seconds per byte of tokens


def run_records(engine: Engine, context: Context, items: Sequence[WorkItem], *, wave_bytes: int = WAVE_BYTES) -> None:
    """Write tokens/ and records/."""
    splits = [
        _write_split(engine, context.for_split(split), items, kept, wave_bytes)
        for split, kept in count_documents(engine, context, items).items()
    ]
    write_dataset(context, splits, measure_coverage(context, splits[0].encoded))


def _write_split(
    engine: Engine,
    context: Context,
    items: Sequence[WorkItem],
    kept: Mapping[str, KeptDocuments],
    wave_bytes: int,
) -> WrittenSplit:
    encoded = encode_draws(engine, context, items, kept)
    shards = shard_count(encoded.sequences, context.recipe.records.shard_sequences)
    numbers = {shard_name(context, shard, shards): shard for shard in range(shards)}
    done = context.run.done(STAGE, context.stage_keys[STAGE], list(numbers))
    todo = [number for name, number in numbers.items() if name not in done]
    for wave in _waves(engine, context, encoded, todo, shards, wave_bytes):
        _write_wave(engine, context, encoded, wave, shards)
    return WrittenSplit(context.split, encoded, list(numbers))


def shard_name(context: Context, shard: int, shards: int) -> str:
    """Return the name of a record shard of the split that is made."""
    return RUN_FORMAT.shard_path(shard, shards, context.split)


def _waves(
    engine: Engine, context: Context, encoded: EncodedDraws, todo: list[int], shards: int, wave_bytes: int
) -> Iterator[list[int]]:
    if not engine.embedded:
        if todo:
            yield todo
        return
    shard_bytes = -(-encoded.sequences // shards) * context.recipe.records.sequence_length * _token_bytes(context)
    size = max(1, wave_bytes // shard_bytes)
    for first in range(0, len(todo), size):
        yield todo[first : first + size]


def _token_bytes(context: Context) -> int:
    model = run_encoder(context)
    return id_dtype(model.info.vocabulary_size).itemsize


@dataclass(frozen=True, slots=True)
class RecordWave:
    """Record shards that are written together, and the numbers that decide which tokens they get.

    Attributes:
        sequences: number of sequences of the whole data set.
        quotas: number of sequences by source.
        documents: number of kept documents by source.
        draws: number of draws by source.
        shards: number of record shards of the whole data set.
        wanted: numbers of the record shards of this wave.
    """

    sequences: int
    quotas: Mapping[str, int]
    documents: Mapping[str, int]
    draws: Mapping[str, int]
    shards: int
    wanted: frozenset[int]


def _write_wave(engine: Engine, context: Context, encoded: EncodedDraws, wave: list[int], shards: int) -> None:
    token_files = [
        (number, context.number_of_shard(shard))
        for source in sorted(encoded.quotas)
        for number in range(encoded.rounds[source])
        for shard in context.shards(source)
    ]
    tokens = encoded.sequences * context.recipe.records.sequence_length
    size = tokens * _token_bytes(context) * len(wave) / shards
    cost = size * _WRITE_COST
    lanes = balance_lanes([(each, 1.0) for each in token_files], engine.lanes(len(token_files), cost))
    record_wave = RecordWave(
        sequences=encoded.sequences,
        quotas=dict(encoded.quotas),
        documents={source: kept.documents for source, kept in encoded.kept.items()},
        draws=dict(encoded.draws),
        shards=shards,
        wanted=frozenset(wave),
    )
    cut = _CutDraws(context, record_wave)

    def build(pipeline: beam.Pipeline) -> None:
        (
            pipeline
            | "DistributeLanes" >> DistributeLanes(lanes)
            | "Cut" >> beam.ParDo(cut).with_output_types(tuple[bytes, bytes])
            | "GroupByShard" >> beam.GroupByKey()
            | "Write" >> beam.ParDo(_WriteRecordShard(context, encoded.sequences, shards))
        )

    engine.run(build, lanes=len(lanes))


# -- cutting draws -----------------------------------------------------------------------------------------------------


class _CutDraws(beam.DoFn):
    def __init__(self, context: Context, wave: RecordWave) -> None:
        self._context, self._wave = context, wave

    def process(self, lane: list[tuple[int, int]]) -> Iterator[tuple[bytes, bytes]]:
        for number, shard_number in lane:
            shard = self._context.shard_by_number(shard_number)
            with translate_errors(f"{STAGE}: {shard.name}"):
                yield from cut_draws(self._context, self._wave, number, shard)


def cut_draws(context: Context, wave: RecordWave, number: int, shard: Shard) -> Iterator[tuple[bytes, bytes]]:
    """Yield (record shard, packed pieces of sequences) for the record shards of a wave.

    Args:
        context: the run.
        wave: the record shards.
        number: number of the encoding round.
        shard: shard of documents; its draws of that round are cut.
    """
    order = SequenceOrder(wave.sequences, wave.shards, context.recipe.seed)
    documents, draws = wave.documents[shard.source], wave.draws[shard.source]
    layout = _layout(context, shard.source, documents, draws)
    first_row = sum(wave.quotas[source] for source in sorted(wave.quotas) if source < shard.source)
    quota = wave.quotas[shard.source]
    source = context.source_number(shard.source)
    for batch in tables.read_batches(round_tokens_path(context.run, number, shard, context.split), rows=1024):
        tokens = [
            np.frombuffer(packed, f"<u{len(packed) // count}") if count else _NO_TOKENS
            for packed, count in zip(batch["tokens"].to_pylist(), batch["count"].to_pylist(), strict=True)
        ]
        numbers = batch["draw"].to_numpy().astype(np.int64)
        refs = context.document_refs(shard, batch["row"].to_numpy()).tolist()
        for of_epoch in draws_of_rows(context.recipe, shard.source, numbers, documents, draws):
            found = [
                (span, draw, document, ids)
                for draw, document, ids in zip(of_epoch.tolist(), refs, tokens, strict=True)
                for span in layout.spans(draw, len(ids), quota)
            ]
            if not found:
                continue
            record_shards, indices = order.record_positions(np.array([first_row + span.sequence for span, *_ in found]))
            for record_shard in sorted(wave.wanted.intersection(record_shards.tolist())):
                pieces = []
                for at in np.flatnonzero(record_shards == record_shard):
                    span, draw, document, ids = found[at]
                    cut = ids[span.start : span.stop]
                    pieces.append(SequencePiece(indices[at], span.position, source, span.start, draw, document, cut))
                yield b"%d" % record_shard, pack_pieces(pieces)


@functools.lru_cache(maxsize=8)
def _cached_layout(
    folder: str, recipe: bytes, source: str, documents: int, draws: int, split: str, _stage_key: str
) -> SourceLayout:
    return lay_out_source(Run(folder), msgspec.json.decode(recipe, type=Recipe), source, documents, draws, split)


def _layout(context: Context, source: str, documents: int, draws: int) -> SourceLayout:
    """Return the layout of a source, computed once per process."""
    recipe = msgspec.json.encode(context.recipe)  # a hashable form
    key = context.stage_keys[STAGE]
    return _cached_layout(context.run.folder, recipe, source, documents, draws, context.split, key)


# -- writing a record shard --------------------------------------------------------------------------------------------


class _WriteRecordShard(beam.DoFn):
    def __init__(self, context: Context, sequences: int, shards: int) -> None:
        self._context, self._sequences, self._shards = context, sequences, shards

    def process(self, element: tuple[bytes, Iterable[bytes]]) -> None:
        record_shard_key, batches = element
        name = shard_name(self._context, int(record_shard_key), self._shards)
        with guard_work_item(self._context, STAGE, name):
            commit = write_record_shard(self._context, self._sequences, int(record_shard_key), self._shards, batches)
            self._context.run.commit_shard(STAGE, self._context.stage_keys[STAGE], commit)


def write_record_shard(
    context: Context, sequences: int, shard: int, shards: int, batches: Iterable[bytes]
) -> ShardCommit:
    """Write one record shard from its pieces, and return the commit."""
    order = SequenceOrder(sequences, shards, context.recipe.seed)
    length, names = context.recipe.records.sequence_length, sorted(context.recipe.sources)
    info = run_encoder(context).info
    pad_ids = [info.pad_id if context.recipe.mode_of(name) == "pack" else None for name in names]
    counts = dict.fromkeys((f"{count}:{name}" for count in ("sequences", "padding") for name in names), 0)
    wanted = shard_sizes(sequences, shards)[shard]
    rows: list[list[SequencePiece]] = [[] for _ in range(wanted)]
    for batch in batches:
        for piece in unpack_pieces(batch):
            rows[piece.record].append(piece)
    if not all(rows):
        raise AssertionError(f"record shard {shard}: want {wanted} sequences, got {sum(map(bool, rows))}")
    for pieces in rows:
        pieces.sort(key=lambda piece: piece.position)
    stores_ids = context.recipe.records.doc_ids == "record"

    def records() -> Iterator[SequenceRecord]:
        for index, pieces in enumerate(rows):
            source = pieces[0].source
            ends = [(piece.position, piece.tokens) for piece in pieces]
            tokens, starts = assemble_sequence(ends, length, pad_ids[source])
            counts[f"sequences:{names[source]}"] += 1
            counts[f"padding:{names[source]}"] += length - sum(len(piece.tokens) for piece in pieces)
            doc_ids = np.array([piece.document for piece in pieces], np.uint64).astype(np.int64) if stores_ids else None
            yield SequenceRecord(tokens, starts, source, order.slot(shard, index), doc_ids)

    name = shard_name(context, shard, shards)
    with fs.publish(context.run.path(STAGE, name)) as new:
        RUN_FORMAT.write(os.fspath(new), records())
    files = [context.run.committed(new, wanted)]
    if context.recipe.records.doc_ids != "none":
        files.append(_write_documents(context, name, rows))
    return ShardCommit(name, tuple(files), {"sequences": wanted, **counts})


def _write_documents(context: Context, name: str, rows: Sequence[Sequence[SequencePiece]]) -> CommittedFile:
    table = documents_of_records(rows)
    with fs.publish(context.run.path(documents_path(name))) as new:
        pq.write_table(table, new, compression="zstd", row_group_size=64 * 1024)
    return context.run.committed(new, table.num_rows)
