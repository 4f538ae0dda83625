"""From draws to rows: where each token of each draw lies, known to every worker from the token counts alone.

The draws of a source are concatenated in groups, a group is cut into sequences, and what is left of it is dropped (Rae
et al. 2021, "Constructing Token Sequences": 10 crops, 2,048 tokens, no padding). The sequences of a source are its
*rows*, numbered through; the rows below its quota are used. A row of a source has a *slot* in the shuffled whole, and a
slot has a place in a shard.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.hashing import derive_hash_key
from massivetext.records.permutation import Permutation

I64 = npt.NDArray[np.int64]
Tokens = npt.NDArray[np.integer]

# What travels before the tokens of a piece: its record within the shard, where it begins there, its tokens, its source.
PIECE = np.dtype([("index", "<u4"), ("position", "<u4"), ("length", "<u4"), ("source", "<u4")])


class Place(NamedTuple):
    """Where the tokens of one draw lie.

    Attributes:
        row: first row of the draw's group.
        rows: rows of the group; 0 where the group is incomplete or too short for a sequence.
        offset: tokens of the group before this draw.
    """

    row: int
    rows: int
    offset: int


class Piece(NamedTuple):
    """Tokens of one draw that fall into one row, from a position of that row on."""

    row: int
    position: int
    tokens: Tokens


class Cut(NamedTuple):
    """Tokens ``start`` to ``stop`` of one draw, which fall into one row, from a position of that row on."""

    row: int
    position: int
    start: int
    stop: int


class Layout(NamedTuple):
    """Where the draws 0 .. K-1 of a source lie.

    More draws never move the earlier ones, so the first rows do not depend on how many draws were counted.

    Attributes:
        first_rows: of each complete group, its first row.
        group_rows: of each complete group, its number of rows.
        offsets: of each draw of a complete group, the tokens of its group before it.
        crops_per_group: draws a group.
        rows: sequences that these draws give in all.
    """

    first_rows: I64
    group_rows: I64
    offsets: I64
    crops_per_group: int
    rows: int

    def place(self, draw: int) -> Place:
        """Where a draw lies; with 0 rows where its group is incomplete."""
        group = draw // self.crops_per_group
        if group >= len(self.first_rows):
            return Place(self.rows, 0, 0)
        return Place(int(self.first_rows[group]), int(self.group_rows[group]), int(self.offsets[draw]))


def layout(counts: npt.NDArray[np.integer], crops_per_group: int, sequence_length: int) -> Layout:
    """The layout of a source whose draws have these token counts.

    Args:
        counts: tokens of draw 0, 1, ..., BOS and EOS included. The draws of a last, incomplete group are not used.
        crops_per_group: draws that are concatenated; the paper: 10.
        sequence_length: tokens a row; what remains of a group after its last whole row is dropped.
    """
    used = len(counts) - len(counts) % crops_per_group
    groups = np.asarray(counts[:used], dtype=np.int64).reshape(-1, crops_per_group)
    ends = np.cumsum(groups, axis=1)
    rows = ends[:, -1] // sequence_length
    total = np.cumsum(rows)
    return Layout(total - rows, rows, (ends - groups).ravel(), crops_per_group, int(total[-1]) if len(total) else 0)


def rows_of_group(tokens_per_draw: float, crops_per_group: int, sequence_length: int) -> float:
    """Rows that a group is expected to give.

    It loses what is left after its last whole row, half a row on average; groups of hardly one row lose more.
    """
    rows = crops_per_group * tokens_per_draw / sequence_length
    return max(rows - 0.5, rows * 0.3)


def first_draws(quota: int, tokens_per_draw: float, crops_per_group: int, sequence_length: int) -> int:
    """How many draws to count first where ``quota`` rows are wanted: an estimate with 10% to spare, in whole groups."""
    groups = 1.1 * quota / max(rows_of_group(tokens_per_draw, crops_per_group, sequence_length), 1e-9)
    if (
        crops_per_group * tokens_per_draw < sequence_length
    ):  # a group seldom fills a row: try some before drawing what may be in vain
        groups = min(groups, 1000)
    return (int(groups) + 1) * crops_per_group


def next_draws(quota: int, draws: int, rows: int, crops_per_group: int) -> int:
    """How many draws to count next where ``draws`` have given ``rows`` and ``quota`` rows are wanted.

    An estimate with 2% to spare, in whole groups, always above ``draws``; repeat until the rows suffice.

    Raises:
        ValueError: whole groups were drawn and gave no row at all, so more of them will not help.
    """
    if draws >= crops_per_group * 100 and rows == 0:
        raise ValueError(
            f"sequences: want {quota}, but {draws} draws gave none: groups of {crops_per_group} crops are shorter than "
            "a sequence; raise crops_per_group or lower sequence_length"
        )
    # Without a row yet there is nothing to go by: ten times as much.
    wanted = draws * 10 if rows == 0 else -(-draws * quota * 51 // (rows * 50))
    return (max(wanted, draws) // crops_per_group + 1) * crops_per_group


def cuts(place: Place, tokens: int, sequence_length: int, quota: int) -> Iterator[Cut]:
    """The tokens of a draw cut at the borders of rows; nothing of a group's tail, or of rows that are not used.

    Args:
        place: where the draw lies.
        tokens: how many the draw has, BOS and EOS included.
        sequence_length: tokens a row.
        quota: rows of the source that are used.
    """
    last = min(place.rows, quota - place.row)
    done = 0
    while done < tokens:
        row, position = divmod(place.offset + done, sequence_length)
        if row >= last:
            break
        stop = min(tokens, done + sequence_length - position)
        yield Cut(place.row + row, position, done, stop)
        done = stop


def pieces(place: Place, tokens: Tokens, sequence_length: int, quota: int) -> list[Piece]:
    """The tokens of a draw as :func:`cuts` has them, in order."""
    return [
        Piece(cut.row, cut.position, tokens[cut.start : cut.stop])
        for cut in cuts(place, len(tokens), sequence_length, quota)
    ]


def assemble(parts: Iterable[tuple[int, Tokens]], sequence_length: int) -> tuple[Tokens, I64]:
    """One row from its pieces.

    Args:
        parts: (position, tokens) in any order.
        sequence_length: tokens a row.

    Returns:
        The tokens, and the position of the first token of each piece, the first being 0.

    Raises:
        ValueError: the pieces leave a gap, overlap, or do not fill the row.
    """
    ordered = sorted(parts, key=lambda part: part[0])
    filled = 0
    for position, tokens in ordered:
        if position != filled or not len(tokens):
            raise ValueError(f"row: want tokens from position {filled} on, got {len(tokens)} from {position} on")
        filled += len(tokens)
    if filled != sequence_length:
        raise ValueError(f"row: want {sequence_length} tokens, got {filled}")
    return np.concatenate([tokens for _, tokens in ordered]), np.array([position for position, _ in ordered], np.int64)


class Order:
    """The shuffled order of all sequences and their places in the shards.

    The rows of all sources, one source after the other, are permuted: row r of a source whose rows begin at ``offset``
    has slot ``permutation(offset + r)``; a slot lies in shard ``slot % shards`` at index ``slot // shards``. So shards
    are equal but for one row, and reading them in any way gives well-mixed data.

    Attributes:
        sequences: how many there are.
        shards: how many files.
        key: key of the permutation.
    """

    def __init__(self, sequences: int, shards: int, seed: int) -> None:
        """Prepares the permutation; see :func:`shard_count`.

        Raises:
            ValueError: there are no sequences, or more shards than sequences.
        """
        if not 1 <= shards <= sequences:
            raise ValueError(f"order: want 1 to {sequences} shards for as many sequences, got {shards}")
        self.sequences, self.shards, self.key = sequences, shards, derive_hash_key("order", seed)
        self._permutation = Permutation(sequences, self.key)

    def slots(self, rows: npt.NDArray[np.integer]) -> I64:
        """The slot of each row, counted over all sources (the source's offset added)."""
        return self._permutation.forward(rows).astype(np.int64)

    def places(self, rows: npt.NDArray[np.integer]) -> tuple[I64, I64]:
        """The shard and the index within it of each row, counted over all sources."""
        index, shard = np.divmod(self.slots(rows), self.shards)
        return shard, index

    def slot(self, shard: int, index: int) -> int:
        """The slot at an index of a shard: the ``seq_id`` of its record."""
        return index * self.shards + shard


def shard_count(sequences: int, shard_sequences: int) -> int:
    """The smallest power of two of shards that hold at most ``shard_sequences`` each, but no more than sequences.

    A power of two is divided evenly by the usual numbers of training processes. For no sequences: 1.
    """
    enough = 1 << max(0, -(-sequences // shard_sequences) - 1).bit_length()
    most = 1 << max(1, sequences).bit_length() - 1
    return min(enough, most)


def shard_sizes(sequences: int, shards: int) -> list[int]:
    """The number of sequences in each shard; they differ by one at most."""
    small, larger = divmod(sequences, shards)
    return [small + (shard < larger) for shard in range(shards)]
