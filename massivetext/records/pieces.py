"""Pieces: the tokens of one draw within one sequence, as they travel to the worker that writes the sequence."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Tokens = npt.NDArray[np.integer]

# Sent before the tokens of a piece; see SequencePiece.
HEAD = np.dtype(
    [
        ("record", "<u4"),
        ("position", "<u4"),
        ("length", "<u4"),
        ("source", "<u4"),
        ("start", "<u4"),
        ("draw", "<u8"),
        ("document", "<u8"),
    ]
)

# A row of the side file of a record shard, which says which documents its records hold.
DOCUMENTS = pa.schema(
    [
        pa.field("record", pa.uint32(), nullable=False),  # index in the record shard
        pa.field("position", pa.uint32(), nullable=False),  # of the first token in the record
        pa.field("tokens", pa.uint32(), nullable=False),
        pa.field("document", pa.uint64(), nullable=False),  # document reference
        pa.field("draw", pa.uint64(), nullable=False),
        pa.field("start", pa.uint32(), nullable=False),  # tokens of the draw before these
    ]
)


class SequencePiece(NamedTuple):
    """Tokens of one draw that are in one sequence.

    Attributes:
        record: index of the sequence in its record shard.
        position: position of the first token in the sequence.
        source: number of the source.
        start: tokens of the draw before these.
        draw: number of the draw.
        document: document reference.
        tokens: the tokens.
    """

    record: int
    position: int
    source: int
    start: int
    draw: int
    document: int
    tokens: Tokens


def pack_pieces(pieces: Sequence[SequencePiece]) -> bytes:
    """Return pieces as bytes: a line with bytes per token and number of pieces, then all heads, then all tokens."""
    heads = np.empty(len(pieces), HEAD)
    for name in ("record", "position", "source", "start", "draw", "document"):
        heads[name] = [getattr(piece, name) for piece in pieces]
    heads["length"] = [len(piece.tokens) for piece in pieces]
    tokens = np.concatenate([piece.tokens for piece in pieces])
    return b"%d %d\n" % (tokens.itemsize, len(heads)) + heads.tobytes() + tokens.tobytes()


def unpack_pieces(data: bytes) -> Iterator[SequencePiece]:
    """Yield the pieces of :func:`pack_pieces`."""
    line = data.index(b"\n") + 1
    width, count = (int(word) for word in data[:line].split())
    heads = np.frombuffer(data, HEAD, count, line)
    tokens = np.frombuffer(data, f"<u{width}", offset=line + heads.nbytes)
    ends = np.cumsum(heads["length"])
    for head, end in zip(heads.tolist(), ends.tolist(), strict=True):
        record, position, length, source, start, draw, document = head
        yield SequencePiece(record, position, source, start, draw, document, tokens[end - length : end])


def documents_of_records(records: Sequence[Sequence[SequencePiece]]) -> pa.Table:
    """Return a table of :data:`DOCUMENTS` for the pieces of each record of a shard, in order."""
    rows = [(index, piece) for index, pieces in enumerate(records) for piece in pieces]
    columns = {
        "record": [index for index, _ in rows],
        "position": [piece.position for _, piece in rows],
        "tokens": [len(piece.tokens) for _, piece in rows],
        "document": [piece.document for _, piece in rows],
        "draw": [piece.draw for _, piece in rows],
        "start": [piece.start for _, piece in rows],
    }
    return pa.table(columns, schema=DOCUMENTS)
