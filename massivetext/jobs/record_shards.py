"""Records: the tokens of all draws become sequences in their final order, record shards and dataset.json.

Tokens are the only form of text that crosses a shuffle. The embedded runner keeps a shuffle in memory: there the record
shards are written in waves of a fixed size in bytes; a cluster writes them in one wave.
"""

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import numpy.typing as npt

from massivetext.engines.engine import DistributeLanes, Engine, balance_lanes
from massivetext.jobs.dataset_description import write_dataset
from massivetext.jobs.encode_draws import STAGE, EncodedDraws, encode_draws, encoder
from massivetext.jobs.tokenizer_training import MODEL
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.record_format import SequenceRecord
from massivetext.records.sequences import (
    PIECE,
    DrawLayout,
    SequenceOrder,
    assemble_sequence,
    lay_out_draws,
    sequence_pieces,
    shard_count,
    shard_sizes,
)
from massivetext.records.tokens import load_counts, round_tokens_path
from massivetext.runs.attempts import guard_work_item, translate_errors
from massivetext.runs.context import Context
from massivetext.runs.store import Run, Shard, ShardCommit
from massivetext.runs.work_items import WorkItem
from massivetext.stages import TOKENIZER
from massivetext.storage import files as fs
from massivetext.storage import tables
from massivetext.tokenizer.encoder import id_dtype

WAVE_BYTES = 32 * 2**20  # bytes of tokens that cross a shuffle of the embedded runner at a time
_WRITE_COST = 1 / 20e6  # seconds per byte of tokens


def run_records(engine: Engine, context: Context, items: Sequence[WorkItem], *, wave_bytes: int = WAVE_BYTES) -> None:
    """Write tokens/ and records/."""
    encoded = encode_draws(engine, context, items)
    shards = shard_count(encoded.sequences, context.recipe.records.shard_sequences)
    numbers = {RUN_FORMAT.shard_path(shard, shards): shard for shard in range(shards)}
    done = context.run.done(STAGE, context.stage_keys[STAGE], list(numbers))
    todo = [number for name, number in numbers.items() if name not in done]
    for wave in _waves(engine, context, encoded, todo, shards, wave_bytes):
        _write_wave(engine, context, encoded, wave, shards)
    write_dataset(context, encoded, shards)


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
    model = encoder(context.run.path(MODEL), context.stage_keys[TOKENIZER.name])
    return id_dtype(model.info.vocabulary_size).itemsize


@dataclass(frozen=True, slots=True)
class RecordWave:
    """Record shards that are written together, and the numbers that decide which tokens they get.

    Attributes:
        sequences: number of sequences of the whole data set.
        quotas: number of sequences by source.
        shards: number of record shards of the whole data set.
        wanted: numbers of the record shards of this wave.
    """

    sequences: int
    quotas: Mapping[str, int]
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
    cut = _CutDraws(context, RecordWave(encoded.sequences, dict(encoded.quotas), shards, frozenset(wave)))

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
    draw_layout = _layout(context, shard.source, context.stage_keys[STAGE])
    first_row = sum(wave.quotas[source] for source in sorted(wave.quotas) if source < shard.source)
    quota, length = wave.quotas[shard.source], context.recipe.records.sequence_length
    for batch in tables.read_batches(round_tokens_path(context.run, number, shard), rows=1024):
        found = [
            piece
            for draw, count, packed in zip(
                *(batch[name].to_pylist() for name in ("draw", "count", "tokens")), strict=True
            )
            for piece in sequence_pieces(
                draw_layout.locate(draw), np.frombuffer(packed, f"<u{len(packed) // max(count, 1)}"), length, quota
            )
        ]
        if not found:
            continue
        record_shards, indices = order.record_positions(np.array([first_row + piece.sequence for piece in found]))
        for record_shard in sorted(wave.wanted.intersection(record_shards.tolist())):
            here = np.flatnonzero(record_shards == record_shard)
            heads = np.zeros(len(here), PIECE)
            heads["index"] = indices[here]
            heads["position"] = [found[at].position for at in here]
            heads["length"] = [len(found[at].tokens) for at in here]
            heads["source"] = context.source_number(shard.source)
            yield b"%d" % record_shard, pack(heads, np.concatenate([found[at].tokens for at in here]))


@functools.lru_cache(maxsize=8)
def _cached_layout(folder: str, source: str, stage_key: str, crops_per_group: int, sequence_length: int) -> DrawLayout:
    return lay_out_draws(load_counts(Run(folder), source), crops_per_group, sequence_length)


def _layout(context: Context, source: str, stage_key: str) -> DrawLayout:
    options = context.recipe.records
    return _cached_layout(context.run.folder, source, stage_key, options.crops_per_group, options.sequence_length)


def pack(heads: npt.NDArray[np.void], tokens: npt.NDArray[np.integer]) -> bytes:
    """Return pieces as bytes: a line with bytes per token and number of pieces, then all heads, then all tokens."""
    return b"%d %d\n" % (tokens.itemsize, len(heads)) + heads.tobytes() + tokens.tobytes()


def unpack(data: bytes) -> Iterator[tuple[int, int, int, npt.NDArray[np.integer]]]:
    """Yield (index in the record shard, source, position in the sequence, tokens) of each piece."""
    line = data.index(b"\n") + 1
    width, count = (int(word) for word in data[:line].split())
    heads = np.frombuffer(data, PIECE, count, line)
    tokens = np.frombuffer(data, f"<u{width}", offset=line + heads.nbytes)
    ends = np.cumsum(heads["length"])
    for head, end in zip(heads.tolist(), ends.tolist(), strict=True):
        index, position, length, source = head
        yield index, source, position, tokens[end - length : end]


# -- writing a record shard --------------------------------------------------------------------------------------------


class _WriteRecordShard(beam.DoFn):
    def __init__(self, context: Context, sequences: int, shards: int) -> None:
        self._context, self._sequences, self._shards = context, sequences, shards

    def process(self, element: tuple[bytes, Iterable[bytes]]) -> None:
        record_shard_key, batches = element
        name = RUN_FORMAT.shard_path(int(record_shard_key), self._shards)
        with guard_work_item(self._context, STAGE, name):
            commit = write_record_shard(self._context, self._sequences, int(record_shard_key), self._shards, batches)
            self._context.run.commit_shard(STAGE, self._context.stage_keys[STAGE], commit)


def write_record_shard(
    context: Context, sequences: int, shard: int, shards: int, batches: Iterable[bytes]
) -> ShardCommit:
    """Write one record shard from its pieces, and return the commit."""
    order = SequenceOrder(sequences, shards, context.recipe.seed)
    length = context.recipe.records.sequence_length
    rows: dict[int, list[tuple[int, npt.NDArray[np.integer]]]] = {}
    sources: dict[int, int] = {}
    for batch in batches:
        for index, source, position, tokens in unpack(batch):
            rows.setdefault(index, []).append((position, tokens))
            sources[index] = source
    wanted = shard_sizes(sequences, shards)[shard]
    if sorted(rows) != list(range(wanted)):
        raise AssertionError(f"record shard {shard}: want {wanted} sequences, got {len(rows)}")

    def records() -> Iterator[SequenceRecord]:
        for index in range(wanted):
            tokens, starts = assemble_sequence(rows[index], length)
            yield SequenceRecord(tokens, starts, sources[index], order.slot(shard, index))

    with fs.publish(context.run.path(STAGE, RUN_FORMAT.shard_path(shard, shards))) as new:
        RUN_FORMAT.write(os.fspath(new), records())
    names = sorted(context.recipe.sources)
    counts = {f"sequences:{name}": 0 for name in names}
    for source in sources.values():
        counts[f"sequences:{names[source]}"] += 1
    file = context.run.committed(new, wanted)
    return ShardCommit(RUN_FORMAT.shard_path(shard, shards), (file,), {"sequences": wanted, **counts})
