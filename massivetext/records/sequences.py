"""From draws to sequences: where every token of every draw goes, known to any worker from the token counts alone.

The draws of a source are joined in crop groups, a group is cut into sequences, and its rest is dropped (Rae et al.
2021, "Constructing Token Sequences": 10 crops, 2,048 tokens, no padding). The sequences of a source are numbered in the
order of its groups; those with a number below its quota are used. Each used sequence has a *slot* in the shuffled order
of all sources, and each slot is one record of one record shard.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from massivetext.hashing import derive_hash_key
from massivetext.records.permutation import Permutation

I64 = npt.NDArray[np.int64]
Tokens = npt.NDArray[np.integer]


class DrawPosition(NamedTuple):
    """The position of the tokens of one draw among the sequences of its source.

    Attributes:
        sequence: first sequence of the draw's crop group.
        sequences: sequences of the group; 0 if the group is incomplete or too short for a sequence.
        offset: tokens of the group before this draw.
    """

    sequence: int
    sequences: int
    offset: int


class SequenceSpan(NamedTuple):
    """The range ``start`` to ``stop`` of a draw's tokens that falls into one sequence, and its first position in it."""

    sequence: int
    position: int
    start: int
    stop: int


class SourceLayout(Protocol):
    """Where the tokens of every draw of a source go."""

    @property
    def sequences(self) -> int:
        """Number of sequences of all draws."""

    def draws_for(self, quota: int) -> int:
        """Return how many draws the first ``quota`` sequences need: whole crop groups, or whole epochs."""

    def spans(self, draw: int, tokens: int, quota: int) -> list[SequenceSpan]:
        """Return the tokens of a draw, cut at the borders of sequences, without those beyond the quota.

        Args:
            draw: number of the draw.
            tokens: number of its tokens, with BOS and EOS.
            quota: sequences of the source that are used: those with a smaller number.
        """

    def used_tokens(self, draws: I64, counts: I64, quota: int) -> I64:
        """Return how many tokens of each draw the used sequences hold, from the draw's first on; int64[draws].

        Args:
            draws: numbers of draws.
            counts: tokens of each.
            quota: as for :meth:`spans`.
        """


class DrawLayout(NamedTuple):
    """The positions of the draws 0 to K-1 of a source that are crops of documents.

    More draws never move earlier ones, so the first sequences do not depend on how many draws were counted.

    Attributes:
        first_sequences: first sequence of each complete crop group.
        group_sequences: number of sequences of each complete crop group.
        offsets: tokens of its group before each draw of a complete crop group.
        crops_per_group: draws per crop group.
        sequence_length: tokens per sequence.
        sequences: number of sequences of all these draws.
    """

    first_sequences: I64
    group_sequences: I64
    offsets: I64
    crops_per_group: int
    sequence_length: int
    sequences: int

    def spans(self, draw: int, tokens: int, quota: int) -> list[SequenceSpan]:
        """Return the tokens of a draw, cut at the borders of sequences, without those that no used sequence has."""
        return list(sequence_spans(self.locate(draw), tokens, self.sequence_length, quota))

    def used_tokens(self, draws: I64, counts: I64, quota: int) -> I64:
        """Return how many tokens of each draw the used sequences hold, from the draw's first on; int64[draws]."""
        groups = draws // self.crops_per_group
        complete = groups < len(self.first_sequences)
        used = np.zeros(len(draws), np.int64)
        first, size = self.first_sequences[groups[complete]], self.group_sequences[groups[complete]]
        end = np.clip(quota - first, 0, size) * self.sequence_length
        used[complete] = np.clip(end - self.offsets[draws[complete]], 0, counts[complete])
        return used

    def draws_for(self, quota: int) -> int:
        """Return how many draws the first ``quota`` sequences need, in whole crop groups."""
        if not quota:
            return 0
        groups = int(np.searchsorted(self.first_sequences + self.group_sequences, quota)) + 1
        return min(groups, len(self.first_sequences)) * self.crops_per_group

    def locate(self, draw: int) -> DrawPosition:
        """Return the position of a draw; it has 0 sequences if its group is incomplete."""
        group = draw // self.crops_per_group
        if group >= len(self.first_sequences):
            return DrawPosition(self.sequences, 0, 0)
        first, sequences = int(self.first_sequences[group]), int(self.group_sequences[group])
        return DrawPosition(first, sequences, int(self.offsets[draw]))


def lay_out_draws(counts: npt.NDArray[np.integer], crops_per_group: int, sequence_length: int) -> DrawLayout:
    """Return the layout of a source from the token counts of its draws.

    Args:
        counts: tokens of draw 0, 1, ..., with BOS and EOS. The draws of an incomplete last group are not used.
        crops_per_group: draws per crop group; the paper: 10.
        sequence_length: tokens per sequence; the rest of a group after its last whole sequence is dropped.
    """
    used = len(counts) - len(counts) % crops_per_group
    groups = np.asarray(counts[:used], dtype=np.int64).reshape(-1, crops_per_group)
    ends = np.cumsum(groups, axis=1)
    sequences = ends[:, -1] // sequence_length
    total = np.cumsum(sequences)
    return DrawLayout(
        first_sequences=total - sequences,
        group_sequences=sequences,
        offsets=(ends - groups).ravel(),
        crops_per_group=crops_per_group,
        sequence_length=sequence_length,
        sequences=int(total[-1]) if len(total) else 0,
    )


def expected_sequences_per_group(tokens_per_draw: float, crops_per_group: int, sequence_length: int) -> float:
    """Return the number of sequences that a crop group is expected to give.

    A group loses the rest after its last whole sequence, half a sequence on average; groups of hardly one sequence lose
    more.
    """
    sequences = crops_per_group * tokens_per_draw / sequence_length
    return max(sequences - 0.5, sequences * 0.3)


def first_draws(quota: int, tokens_per_draw: float, crops_per_group: int, sequence_length: int) -> int:
    """Return how many draws to count first for ``quota`` sequences: an estimate plus 10%, in whole groups."""
    groups = 1.1 * quota / max(expected_sequences_per_group(tokens_per_draw, crops_per_group, sequence_length), 1e-9)
    if crops_per_group * tokens_per_draw < sequence_length:
        # A group seldom fills a sequence: try some groups before many draws turn out to give nothing.
        groups = min(groups, 1000)
    return (int(groups) + 1) * crops_per_group


def next_draws(quota: int, draws: int, sequences: int, crops_per_group: int) -> int:
    """Return how many draws to count next if ``draws`` gave ``sequences`` and ``quota`` are wanted.

    The result is an estimate plus 2%, in whole groups, always above ``draws``; repeat until the sequences suffice.

    Raises:
        ValueError: whole groups were drawn and gave no sequence at all, so more of them will not help.
    """
    if draws >= crops_per_group * 100 and sequences == 0:
        raise ValueError(
            f"sequences: want {quota}, but {draws} draws gave none: groups of {crops_per_group} crops are shorter than "
            "a sequence; raise crops_per_group or lower sequence_length"
        )
    # Without a sequence yet there is no rate to extrapolate: try ten times as many draws.
    wanted = draws * 10 if sequences == 0 else -(-draws * quota * 51 // (sequences * 50))
    return (max(wanted, draws) // crops_per_group + 1) * crops_per_group


def sequence_spans(
    draw_position: DrawPosition, tokens: int, sequence_length: int, quota: int
) -> Iterator[SequenceSpan]:
    """Yield the tokens of a draw, cut at the borders of sequences, without those that no used sequence contains.

    Args:
        draw_position: position of the draw.
        tokens: number of its tokens, with BOS and EOS.
        sequence_length: tokens per sequence.
        quota: sequences of the source that are used.
    """
    used = min(draw_position.sequences, quota - draw_position.sequence)
    done = 0
    while done < tokens:
        sequence, position = divmod(draw_position.offset + done, sequence_length)
        if sequence >= used:
            break
        stop = min(tokens, done + sequence_length - position)
        yield SequenceSpan(draw_position.sequence + sequence, position, done, stop)
        done = stop


def assemble_sequence(
    unsorted_pieces: Iterable[tuple[int, Tokens]], sequence_length: int, pad_id: int | None = None
) -> tuple[Tokens, I64]:
    """Return one sequence from its pieces.

    Args:
        unsorted_pieces: (position, tokens) in any order.
        sequence_length: tokens per sequence.
        pad_id: what fills the end of a sequence whose pieces are too short; None: they may not be.

    Returns:
        The tokens, and the position of the first token of each piece; the first position is 0.

    Raises:
        ValueError: the pieces leave a gap, overlap, or do not fill the sequence.
    """
    ordered = sorted(unsorted_pieces, key=lambda piece: piece[0])
    filled = 0
    for position, tokens in ordered:
        if position != filled or not len(tokens):
            raise ValueError(f"sequence: want tokens from position {filled} on, got {len(tokens)} from {position} on")
        filled += len(tokens)
    if filled > sequence_length or not filled or (filled < sequence_length and pad_id is None):
        raise ValueError(f"sequence: want {sequence_length} tokens, got {filled}")
    padding = np.full(sequence_length - filled, pad_id or 0, ordered[0][1].dtype)
    tokens = np.concatenate([*(tokens for _, tokens in ordered), padding])
    return tokens, np.array([position for position, _ in ordered], np.int64)


class SequenceOrder:
    """The shuffled order of the used sequences of all sources, and the record of each.

    The sequences are numbered through, one source after the other, and permuted: sequence r goes to slot
    ``permutation(r)``, and slot s is record ``s div shards`` of record shard ``s mod shards``. So the
    sizes of record shards differ by one at most, and reading them in any way gives well-mixed data.

    Attributes:
        sequences: number of sequences.
        shards: number of record shards.
        permutation_key: hash key of the permutation.
    """

    def __init__(self, sequences: int, shards: int, seed: int) -> None:
        """Prepare the permutation; :func:`shard_count` gives the number of record shards.

        Raises:
            ValueError: there are no sequences, or more shards than sequences.
        """
        if not 1 <= shards <= sequences:
            raise ValueError(f"order: want 1 to {sequences} shards for as many sequences, got {shards}")
        self.sequences, self.shards, self.permutation_key = sequences, shards, derive_hash_key("order", seed)
        self._permutation = Permutation(sequences, self.permutation_key)

    def slots(self, sequences: npt.NDArray[np.integer]) -> I64:
        """Return the slots of sequences that are numbered through all sources."""
        return self._permutation.forward(sequences).astype(np.int64)

    def record_positions(self, sequences: npt.NDArray[np.integer]) -> tuple[I64, I64]:
        """Return the record shards, and the indices in them, of sequences that are numbered through all sources."""
        index, shard = np.divmod(self.slots(sequences), self.shards)
        return shard, index

    def slot(self, shard: int, index: int) -> int:
        """Return the slot at an index of a record shard, which is the ``seq_id`` of the record."""
        return index * self.shards + shard


def shard_count(sequences: int, shard_sequences: int) -> int:
    """Return the number of record shards: the smallest power of two for at most ``shard_sequences`` per shard.

    A power of two divides evenly among the usual numbers of training processes. There are never more shards than
    sequences; for no sequences, 1.
    """
    enough = 1 << max(0, -(-sequences // shard_sequences) - 1).bit_length()
    most = 1 << max(1, sequences).bit_length() - 1
    return min(enough, most)


def shard_sizes(sequences: int, shards: int) -> list[int]:
    """Return the number of sequences of each record shard; they differ by one at most."""
    small, larger = divmod(sequences, shards)
    return [small + (shard < larger) for shard in range(shards)]
