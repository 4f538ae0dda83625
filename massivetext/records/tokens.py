"""The tokens of every draw on disk, and where in the records each of them went."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.records.sequences import Layout, Order, cuts
from massivetext.runs.store import Run, Shard
from massivetext.storage import files as fs
from massivetext.storage import tables

TOKENS = pa.schema(
    [
        pa.field("row", pa.uint32(), nullable=False),  # of the document in its shard
        pa.field("draw", pa.uint64(), nullable=False),
        pa.field("count", pa.uint32(), nullable=False),  # tokens, BOS and EOS included
        pa.field("tokens", pa.large_binary(), nullable=False),  # little-endian ids of the data set's type
    ]
)


class Span(NamedTuple):
    """Tokens of a draw as they lie in a record: shard and number of the record in it, position within it, how many."""

    shard: int
    record: int
    position: int
    tokens: int


def part_path(run: Run, number: int, shard: Shard) -> str:
    """A shard's tokens of one round of encoding."""
    return run.shard_file(f"tokens/round-{number}", shard)


def counts_path(run: Run, source: str) -> str:
    """The token counts of all draws of a source, in their order: little-endian uint32."""
    return run.path("tokens/counts", f"{source}.u32")


def read_counts(run: Run, shards: Sequence[Shard], rounds: int, draws: int) -> npt.NDArray[np.int64]:
    """Token counts of draws 0 .. draws-1, gathered from all parts of a source."""
    counts = np.full(draws, -1, np.int64)
    paths = [part_path(run, number, shard) for number in range(rounds) for shard in shards]
    for table in fs.concurrently(run.folder, _read_counts, paths):
        counts[table["draw"].to_numpy().astype(np.int64)] = table["count"].to_numpy()
    if (counts < 0).any():
        raise AssertionError(f"{shards[0].source}: draw {int(np.argmin(counts))} of {draws} was encoded by no shard")
    return counts


def _read_counts(path: str) -> pa.Table:
    return tables.read(path, ["draw", "count"])


def load_counts(run: Run, source: str) -> npt.NDArray[np.int64]:
    """Token counts of all draws of a source, as gathered before."""
    return np.frombuffer(fs.read_bytes(counts_path(run, source)), "<u4").astype(np.int64)


def spans(
    layout: Layout, order: Order, draw: int, count: int, *, sequence_length: int, first_row: int, quota: int
) -> list[Span]:
    """Where in the records the tokens of a draw lie; empty where its group's tail or an unused row took them.

    Args:
        layout: of the draw's source.
        order: of all sequences.
        draw: its number.
        count: its tokens.
        sequence_length: tokens a record.
        first_row: rows of the sources before this one.
        quota: rows of this source that are used.
    """
    found = list(cuts(layout.place(draw), count, sequence_length, quota))
    shards, records = order.places(np.array([first_row + cut.row for cut in found], np.int64))
    return [
        Span(shard, record, cut.position, cut.stop - cut.start)
        for cut, shard, record in zip(found, shards.tolist(), records.tolist(), strict=True)
    ]
