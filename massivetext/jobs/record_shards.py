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
import numpy.typing as npt

from massivetext.engines.engine import DistributeLanes, Engine, balance_lanes
from massivetext.jobs.coverage import measure_coverage
from massivetext.jobs.dataset_description import write_dataset
from massivetext.jobs.encode_draws import STAGE, EncodedDraws, encode_draws, encoder
from massivetext.jobs.tokenizer_training import MODEL
from massivetext.recipe import Recipe
from massivetext.records.formats import RUN_FORMAT
from massivetext.records.packing import draws_in_epochs
from massivetext.records.record_format import SequenceRecord
from massivetext.records.sequences import (
    PIECE,
    SequenceOrder,
    SourceLayout,
    assemble_sequence,
    shard_count,
    shard_sizes,
)
from massivetext.records.tokens import lay_out_source, round_tokens_path
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
    write_dataset(context, encoded, measure_coverage(engine, context, items, encoded), shards)


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
    epochs = draws // documents if context.recipe.mode_of(shard.source) == "pack" else 1
    for batch in tables.read_batches(round_tokens_path(context.run, number, shard), rows=1024):
        tokens = [
            np.frombuffer(packed, f"<u{len(packed) // max(count, 1)}")
            for packed, count in zip(batch["tokens"].to_pylist(), batch["count"].to_pylist(), strict=True)
        ]
        numbers = batch["draw"].to_numpy().astype(np.int64)
        # Packed documents are encoded once: the same tokens are the draws of all epochs.
        for of_epoch in draws_in_epochs(numbers, documents, epochs, context.recipe.seed, shard.source):
            found = [
                (span, ids)
                for draw, ids in zip(of_epoch.tolist(), tokens, strict=True)
                for span in layout.spans(draw, len(ids), quota)
            ]
            if not found:
                continue
            sequences = np.array([first_row + span.sequence for span, _ in found])
            record_shards, indices = order.record_positions(sequences)
            for record_shard in sorted(wave.wanted.intersection(record_shards.tolist())):
                here = np.flatnonzero(record_shards == record_shard)
                heads = np.zeros(len(here), PIECE)
                heads["index"] = indices[here]
                heads["position"] = [found[at][0].position for at in here]
                heads["length"] = [found[at][0].stop - found[at][0].start for at in here]
                heads["source"] = context.source_number(shard.source)
                pieces = [ids[span.start : span.stop] for span, ids in (found[at] for at in here)]
                yield b"%d" % record_shard, pack(heads, np.concatenate(pieces))


@functools.lru_cache(maxsize=8)
def _cached_layout(
    folder: str, recipe: bytes, source: str, documents: int, draws: int, _stage_key: str
) -> SourceLayout:
    return lay_out_source(Run(folder), msgspec.json.decode(recipe, type=Recipe), source, documents, draws)


def _layout(context: Context, source: str, documents: int, draws: int) -> SourceLayout:
    """Return the layout of a source, computed once per process."""
    recipe = msgspec.json.encode(context.recipe)  # a hashable form
    return _cached_layout(context.run.folder, recipe, source, documents, draws, context.stage_keys[STAGE])


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
    length, names = context.recipe.records.sequence_length, sorted(context.recipe.sources)
    info = encoder(context.run.path(MODEL), context.stage_keys[TOKENIZER.name]).info
    pad_ids = [info.pad_id if context.recipe.mode_of(name) == "pack" else None for name in names]
    counts = dict.fromkeys((f"{count}:{name}" for count in ("sequences", "padding") for name in names), 0)
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
            source, pieces = sources[index], rows[index]
            tokens, starts = assemble_sequence(pieces, length, pad_ids[source])
            counts[f"sequences:{names[source]}"] += 1
            counts[f"padding:{names[source]}"] += length - sum(len(piece) for _, piece in pieces)
            yield SequenceRecord(tokens, starts, sources[index], order.slot(shard, index))

    with fs.publish(context.run.path(STAGE, RUN_FORMAT.shard_path(shard, shards))) as new:
        RUN_FORMAT.write(os.fspath(new), records())
    file = context.run.committed(new, wanted)
    return ShardCommit(RUN_FORMAT.shard_path(shard, shards), (file,), {"sequences": wanted, **counts})
