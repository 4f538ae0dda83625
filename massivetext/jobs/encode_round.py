"""One encoding round: the draws of a range that hit the documents of a shard, encoded and written.

A draw is a crop of a kept document in mode "gopher" and a whole document in mode "pack".
"""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from massivetext.records.crops import I64, add_bos_eos, crop, crop_window, draws_of_documents
from massivetext.records.tokens import (
    TOKENS,
    round_tokens_path,
    tokens_folder,
)
from massivetext.runs.context import Context
from massivetext.runs.cut_texts import read_final_rows
from massivetext.runs.record_splits import TRAIN
from massivetext.runs.run_log import count_work
from massivetext.runs.store import Shard, ShardCommit
from massivetext.runs.work_items import ShardStage, WorkItem
from massivetext.stages import RECORDS, TOKENIZER
from massivetext.storage import files as fs
from massivetext.tokenizer.model_files import TextEncoder, model_file, normalize_for_model, read_encoder

STAGE = RECORDS.name
BATCH_BYTES = 4 * 2**20  # bytes of crops that are encoded together and written as one row group


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocuments:
    """The kept documents of a source.

    Attributes:
        documents: number of kept documents.
        bytes: UTF-8 bytes of their texts.
        first: index of the first document of each shard among the kept documents of the source.
        crop_bytes: UTF-8 bytes to be expected of one crop of every document; 0 where nobody needs them.
    """

    documents: int
    bytes: int
    first: tuple[int, ...]
    crop_bytes: int = 0


class DrawnCrop(NamedTuple):
    """The text that a draw takes of its document.

    Attributes:
        row: row of the document in its shard.
        draw: number of the draw.
        start: first byte of the crop in the document.
        stop: byte after its last.
        text: the text of the crop.
        starts: whether the document begins with it, so that it gets a BOS token.
        ends: whether the document ends with it, so that it gets an EOS token.
    """

    row: int
    draw: int
    start: int
    stop: int
    text: str
    starts: bool
    ends: bool


def run_encoder(context: Context) -> TextEncoder:
    """Return the encoder of the run, loaded once per process."""
    return _read_encoder(context.run.path(model_file(context.recipe)), context.stage_keys[TOKENIZER.name])


@functools.lru_cache(maxsize=1)
def _read_encoder(path: str, _stage_key: str) -> TextEncoder:  # another stage key means another model at the path
    return read_encoder(path)


def encode_crops(context: Context, source: str, crops: Sequence[DrawnCrop]) -> pa.Table:
    """Return the tokens of crops of a source, one row per crop, as :data:`massivetext.records.tokens.TOKENS`."""
    model = run_encoder(context)
    texts = normalize_for_model(context.recipe, source, [each.text for each in crops])
    ids = [
        add_bos_eos(ids, each.starts, each.ends, model.info.bos_id, model.info.eos_id)
        for ids, each in zip(model.encode(texts), crops, strict=True)
    ]
    columns = {
        "row": [each.row for each in crops],
        "draw": [each.draw for each in crops],
        "start": [each.start for each in crops],
        "stop": [each.stop for each in crops],
        "count": [len(each) for each in ids],
        "tokens": [each.astype(each.dtype.newbyteorder("<"), copy=False).tobytes() for each in ids],
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
        encode: Callable[[Context, str, Sequence[DrawnCrop]], pa.Table] = encode_crops,
    ) -> None:
        self._number, self._ranges, self._kept = number, ranges, kept
        self._batch_bytes, self._encode = batch_bytes, encode

    def __call__(self, context: Context, item: WorkItem) -> ShardCommit:
        """Write the tokens of one shard, and return the commit."""
        shard, run = item.shard, context.run
        draws = tokens = 0
        with (
            fs.publish(round_tokens_path(run, self._number, shard, context.split)) as new,
            pq.ParquetWriter(new, TOKENS, compression="zstd") as writer,
        ):
            for table in self._tables(context, shard):
                writer.write_table(table)
                draws += table.num_rows
                tokens += sum(table["count"].to_pylist())
        counts = {"draws": draws, "drawn_tokens": tokens}
        return ShardCommit(self.commit_name(shard, context.split), (run.committed(new, draws),), counts)

    def commit_name(self, shard: Shard, split: str = TRAIN) -> str:
        """Return the name of the commit of a shard; it names the range, because another range is another work item."""
        first, end = self._ranges[shard.source]
        return f"{tokens_folder(split)}/round-{self._number}/draws-{first}-{end}/{shard.name}"

    def _tables(self, context: Context, shard: Shard) -> Iterator[pa.Table]:
        crops: list[DrawnCrop] = []
        size = 0
        cut = _take_whole if context.recipe.mode_of(shard.source) == "pack" else _cut_crops
        for row, draws, text in self._drawn(context, shard):
            for drawn in cut(context, shard.source, row, text, draws):
                crops.append(drawn)
                size += len(crops[-1].text)
                if size >= self._batch_bytes:  # checked after every draw: a document may be drawn any number of times
                    yield self._encode(context, shard.source, crops)
                    count_work(len(crops), size)
                    crops, size = [], 0
        if crops:
            yield self._encode(context, shard.source, crops)
            count_work(len(crops), size)

    def _drawn(self, context: Context, shard: Shard) -> Iterator[tuple[int, list[int], str]]:
        """Yield (row, draws, text) for every document of the shard that a draw of the range hits."""
        kept, (low, high) = self._kept[shard.source], self._ranges[shard.source]
        alive = np.flatnonzero(context.in_split(shard))
        indices: I64 = kept.first[shard.index] + np.arange(len(alive), dtype=np.int64)
        positions, draws = draws_of_documents(indices, kept.documents, high, context.recipe.seed, shard.source)
        positions, draws = positions[draws >= low], draws[draws >= low]
        by_document: dict[int, list[int]] = {}
        for position, draw in zip(positions.tolist(), draws.tolist(), strict=True):
            by_document.setdefault(int(alive[position]), []).append(draw)
        wanted = np.array(sorted(by_document), np.int64)
        for row, document in read_final_rows(context, shard, ["text"], wanted):
            yield row, by_document[row], str(document["text"])


class EncodeStage(ShardStage):
    """An encoding round as a stage of shards; ``label`` is the split."""

    process: EncodeRound

    def commit_name(self, item: WorkItem) -> str:
        """Return the name of the commit of a work item."""
        return self.process.commit_name(item.shard, self.label or TRAIN)


def _take_whole(_context: Context, _source: str, row: int, text: str, draws: Sequence[int]) -> Iterator[DrawnCrop]:
    size = len(text) if text.isascii() else len(text.encode())
    for draw in draws:
        yield DrawnCrop(row, draw, 0, size, text, True, True)


def _cut_crops(context: Context, source: str, row: int, text: str, draws: Sequence[int]) -> Iterator[DrawnCrop]:
    options, data = context.recipe.records, text.encode()
    window = options.bytes_per_token * options.sequence_length
    for draw in draws:
        start, stop = crop_window(len(data), window, context.recipe.seed, source, draw)
        yield DrawnCrop(row, draw, start, stop, *crop(data, start, stop))
