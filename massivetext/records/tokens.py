"""The tokens of every draw in the files of a run, and where in the records they went."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.recipe import Recipe
from massivetext.records.packing import best_fit, concatenate, counts_of_epochs, draws_in_epochs
from massivetext.records.sequences import SequenceOrder, SourceLayout, lay_out_draws
from massivetext.runs.record_splits import TRAIN
from massivetext.runs.store import Run, Shard
from massivetext.storage import files as fs
from massivetext.storage import tables

I64 = npt.NDArray[np.int64]

TOKENS = pa.schema(
    [
        pa.field("row", pa.uint32(), nullable=False),  # of the document in its shard
        pa.field("draw", pa.uint64(), nullable=False),
        # Bytes of the document that the draw takes, before characters that the window cuts are left out.
        pa.field("start", pa.uint64(), nullable=False),
        pa.field("stop", pa.uint64(), nullable=False),
        pa.field("count", pa.uint32(), nullable=False),  # tokens, BOS and EOS included
        pa.field("tokens", pa.large_binary(), nullable=False),  # little-endian ids of the data set's type
    ]
)


class RecordSpan(NamedTuple):
    """Tokens of a draw in one record.

    Attributes:
        shard: record shard.
        record: number of the record in the record shard.
        position: first position in the record.
        tokens: number of tokens.
    """

    shard: int
    record: int
    position: int
    tokens: int


def tokens_folder(split: str) -> str:
    """Return the data set with the tokens of a split."""
    return "tokens" if split == TRAIN else f"tokens/{split}"


def round_tokens_path(run: Run, number: int, shard: Shard, split: str = TRAIN) -> str:
    """Return the path of the tokens of one shard from one encoding round."""
    return run.shard_file(f"{tokens_folder(split)}/round-{number}", shard)


def documents_path(record_shard: str) -> str:
    """Return the path, within a run, of the side file that says which documents the records of a shard hold."""
    return f"records/documents/{record_shard.split('.')[0]}.parquet"


def counts_path(run: Run, source: str, split: str = TRAIN) -> str:
    """Return the path of the token counts of all draws of a source: little-endian uint32, in the order of the draws."""
    return run.path(tokens_folder(split), "counts", f"{source}.u32")


def read_counts(
    run: Run, shards: Sequence[Shard], rounds: int, draws: int, split: str = TRAIN
) -> npt.NDArray[np.int64]:
    """Return the token counts of draws 0 to ``draws - 1`` of a source, collected from its encoding rounds.

    Raises:
        AssertionError: no shard encoded one of the draws.
    """
    counts = np.full(draws, -1, np.int64)
    paths = [round_tokens_path(run, number, shard, split) for number in range(rounds) for shard in shards]
    for table in fs.concurrently(run.folder, _read_counts, paths):
        counts[table["draw"].to_numpy().astype(np.int64)] = table["count"].to_numpy()
    if (counts < 0).any():
        raise AssertionError(f"{shards[0].source}: draw {int(np.argmin(counts))} of {draws} was encoded by no shard")
    return counts


def _read_counts(path: str) -> pa.Table:
    return tables.read_table(path, ["draw", "count"])


def load_counts(run: Run, source: str, split: str = TRAIN) -> npt.NDArray[np.int64]:
    """Return the token counts of all draws of a source from the file at :func:`counts_path`."""
    return np.frombuffer(fs.read_bytes(counts_path(run, source, split)), "<u4").astype(np.int64)


def lay_out_source(
    run: Run, recipe: Recipe, source: str, documents: int, draws: int, split: str = TRAIN
) -> SourceLayout:
    """Return where the tokens of every draw of a source go.

    Args:
        run: the run; the token counts of the source must be written.
        recipe: the options by which the split is made.
        source: name of the source.
        documents: number of its documents in the split.
        draws: number of its draws; of packed documents, those of whole epochs.
        split: name of the split.
    """
    return lay_out_counts(recipe, source, load_counts(run, source, split), documents, draws)


def lay_out_counts(recipe: Recipe, source: str, counts: I64, documents: int, draws: int) -> SourceLayout:
    """Return what :func:`lay_out_source` returns, from token counts: of packed documents, those of the first epoch."""
    options = recipe.records
    if recipe.mode_of(source) == "gopher":
        return lay_out_draws(counts, options.crops_per_group, options.sequence_length)
    packed = counts_of_epochs(counts, draws // max(documents, 1), recipe.seed, source)
    if options.cuts_documents:
        return concatenate(packed, options.sequence_length)
    return best_fit(packed, documents, options.sequence_length, recipe.seed, source)


def draws_of_rows(recipe: Recipe, source: str, encoded: I64, documents: int, draws: int) -> I64:
    """Return the draws that rows of tokens stand for, int64[epochs, rows].

    A crop is one draw. A packed document is encoded once, and its tokens are one draw of each epoch.

    Args:
        recipe: the options by which the split is made.
        source: name of the source.
        encoded: numbers of the draws for which the rows were encoded, int64[rows].
        documents: number of documents of the source in the split.
        draws: number of its draws.
    """
    epochs = draws // max(documents, 1) if recipe.mode_of(source) == "pack" else 1
    return draws_in_epochs(encoded, documents, epochs, recipe.seed, source)


def record_spans(
    layout: SourceLayout, order: SequenceOrder, draw: int, count: int, *, first_sequence: int, quota: int
) -> list[RecordSpan]:
    """Return where in the records the tokens of a draw are; empty if no used sequence contains any of them.

    Args:
        layout: layout of the draw's source.
        order: order of all sequences.
        draw: number of the draw.
        count: its tokens.
        first_sequence: used sequences of the sources before this one.
        quota: used sequences of this source.
    """
    found = layout.spans(draw, count, quota)
    numbers = np.array([first_sequence + span.sequence for span in found], np.int64)
    shards, records = order.record_positions(numbers)
    return [
        RecordSpan(shard, record, span.position, span.stop - span.start)
        for span, shard, record in zip(found, shards.tolist(), records.tolist(), strict=True)
    ]
