"""Whole documents in sequences: the mode "pack", in which every kept document is in every epoch once.

Two ways to pack: *concatenate* joins the documents of a source in the order of their epochs and cuts at the end of each
sequence. *Best fit* cuts no document that fits into a sequence: documents are placed by decreasing length, each into
the fullest sequence that still has room (Ding et al. 2024, "Fewer Truncations Improve Language Modeling"); of a longer
document whole sequences are cut from its beginning, and its rest is placed like a document. What stays free is padding.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.hashing import derive_hash_key
from massivetext.records.crops import epoch_order
from massivetext.records.permutation import Permutation
from massivetext.records.sequences import SequenceSpan

I64 = npt.NDArray[np.int64]


class ConcatenatedLayout(NamedTuple):
    """Documents joined one after the other.

    Attributes:
        starts: tokens of the source before each draw, int64[draws].
        sequence_length: tokens per sequence.
        sequences: number of sequences; only the last one can have padding.
    """

    starts: I64
    sequence_length: int
    sequences: int

    def draws_for(self, _quota: int) -> int:
        """Return the number of draws: an epoch is laid out as a whole."""
        return len(self.starts)

    def spans(self, draw: int, tokens: int, quota: int) -> list[SequenceSpan]:
        """Return the tokens of a draw, cut at the borders of sequences, without those beyond the quota."""
        spans = []
        done, start = 0, int(self.starts[draw])
        while done < tokens:
            sequence, position = divmod(start + done, self.sequence_length)
            if sequence >= quota:
                break
            stop = min(tokens, done + self.sequence_length - position)
            spans.append(SequenceSpan(sequence, position, done, stop))
            done = stop
        return spans

    def used_tokens(self, draws: I64, counts: I64, quota: int) -> I64:
        """Return how many tokens of each draw the sequences below the quota hold; int64[draws]."""
        return np.clip(quota * self.sequence_length - self.starts[draws], 0, counts)


class BestFitLayout(NamedTuple):
    """Documents placed whole; epochs are laid out one after the other.

    The sequences of an epoch are numbered in a keyed order, so that the first ones are a fair sample of it.

    Attributes:
        heads: number of the first whole sequence of each draw before the keyed order, int64[draws].
        tails: number of the sequence that holds the rest of each draw, before the keyed order; -1 without a rest.
        positions: position of that rest in its sequence.
        sequence_length: tokens per sequence.
        epoch_sequences: number of sequences of an epoch.
        orders: the keyed order of the sequences of each epoch, int64[epochs, sequences of an epoch].
    """

    heads: I64
    tails: I64
    positions: I64
    sequence_length: int
    epoch_sequences: int
    orders: I64

    @property
    def sequences(self) -> int:
        """Number of sequences of all epochs."""
        return self.epoch_sequences * len(self.orders)

    def draws_for(self, _quota: int) -> int:
        """Return the number of draws: an epoch is laid out as a whole."""
        return len(self.heads)

    def spans(self, draw: int, tokens: int, quota: int) -> list[SequenceSpan]:
        """Return the tokens of a draw, cut only if they do not fit one sequence, without those beyond the quota."""
        length = self.sequence_length
        whole, rest = divmod(tokens, length)
        numbers = list(range(int(self.heads[draw]), int(self.heads[draw]) + whole)) + [int(self.tails[draw])] * bool(
            rest
        )
        epoch = draw // (len(self.heads) // len(self.orders))
        order, first = self.orders[epoch], epoch * self.epoch_sequences
        spans = []
        for index, number in enumerate(numbers):
            sequence = first + int(order[number])
            if sequence < quota:
                position = int(self.positions[draw]) if index == whole else 0
                start = index * length
                spans.append(SequenceSpan(sequence, position, start, min(start + length, tokens)))
        return spans

    def used_tokens(self, draws: I64, counts: I64, quota: int) -> I64:
        """Return how many tokens of each draw the sequences below the quota hold; int64[draws]."""
        epochs = draws // (len(self.heads) // max(len(self.orders), 1))
        used = np.where((epochs + 1) * self.epoch_sequences <= quota, counts, 0)
        for at in np.flatnonzero(epochs == quota // max(self.epoch_sequences, 1)):  # of the epoch that is used in part
            found = self.spans(int(draws[at]), int(counts[at]), quota)
            used[at] = sum(span.stop - span.start for span in found)
        return used


def concatenate(counts: I64, sequence_length: int) -> ConcatenatedLayout:
    """Return the layout of documents that are joined.

    Args:
        counts: tokens of draw 0, 1, ..., with BOS and EOS.
        sequence_length: tokens per sequence.
    """
    ends = np.cumsum(counts, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    return ConcatenatedLayout(ends - counts, sequence_length, -(-total // sequence_length))


def best_fit(counts: I64, documents: int, sequence_length: int, seed: int, source: str) -> BestFitLayout:
    """Return the layout of documents that are placed whole.

    Args:
        counts: tokens of draw 0, 1, ..., with BOS and EOS; whole epochs.
        documents: draws per epoch.
        sequence_length: tokens per sequence.
        seed: seed of the run.
        source: name of the source.
    """
    heads, tails, positions = (np.empty(len(counts), np.int64) for _ in range(3))
    sequences = 0
    for first in range(0, len(counts), max(documents, 1)):
        of_epoch = slice(first, first + documents)
        whole, rest = np.divmod(counts[of_epoch], sequence_length)
        heads[of_epoch] = np.cumsum(whole) - whole
        order = np.argsort(-rest, kind="stable")[: np.count_nonzero(rest)]
        bins, at = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
        used = place_best_fit(rest[order], sequence_length, bins, at)
        tails[of_epoch], positions[of_epoch] = -1, 0
        tails[of_epoch][order] = whole.sum() + bins
        positions[of_epoch][order] = at
        sequences = int(whole.sum()) + int(used)  # the same in every epoch: it depends on the lengths alone
    epochs = len(counts) // documents if documents else 0
    keys = (derive_hash_key("packed", seed, source, epoch) for epoch in range(epochs))
    numbers = np.arange(sequences, dtype=np.int64)
    shuffled = [Permutation(max(sequences, 1), key).forward(numbers).astype(np.int64) for key in keys]
    orders = np.array(shuffled, np.int64).reshape(epochs, sequences)
    return BestFitLayout(heads, tails, positions, sequence_length, sequences, orders)


@compiled
def _least_room(rooms: I64, leaves: int, length: int) -> int:
    """Return the smallest room of at least ``length`` that some bin has; -1 if none has."""
    node = leaves + length
    if rooms[node] > 0:
        return length
    while node > 1 and (node % 2 == 1 or rooms[node + 1] == 0):  # up, until the right neighbour is not empty
        node //= 2
    if node <= 1:
        return -1
    node += 1
    while node < leaves:  # and down on its left side
        node *= 2
        if rooms[node] == 0:
            node += 1
    return node - leaves


@compiled
def _count_bin(rooms: I64, leaf: int, change: int) -> None:
    node = leaf
    while node > 0:
        rooms[node] += change
        node //= 2


@compiled_and_cached
def place_best_fit(lengths: I64, capacity: int, bins: I64, positions: I64) -> int:
    """Place lengths into bins, each into the fullest bin that still has room, else into a new one.

    Args:
        lengths: what to place, int64[n], in descending order, each 1 to ``capacity``.
        capacity: size of a bin.
        bins: int64[n], is overwritten with the number of each one's bin.
        positions: int64[n], is overwritten with the position of each one in its bin.

    Returns:
        The number of bins.
    """
    leaves = 1
    while leaves < capacity + 1:
        leaves *= 2
    rooms = np.zeros(2 * leaves, np.int64)  # a tree: how many bins have room for exactly r, and sums over ranges of r
    newest = np.full(capacity + 1, -1, np.int64)  # by room: the bin that came last; before[bin] is the one before it
    before = np.full(len(lengths), -1, np.int64)
    used = 0
    for item in range(len(lengths)):
        length = lengths[item]
        room = _least_room(rooms, leaves, length)
        if room < 0:
            number, room = used, capacity
            used += 1
        else:
            number = newest[room]
            newest[room] = before[number]
            _count_bin(rooms, leaves + room, -1)
        bins[item], positions[item] = number, capacity - room
        left = room - length
        if left > 0:
            before[number] = newest[left]
            newest[left] = number
            _count_bin(rooms, leaves + left, 1)
    return used


# -- epochs of a source ------------------------------------------------------------------------------------------------


def counts_of_epochs(counts: I64, epochs: int, seed: int, source: str) -> I64:
    """Return the token counts of the draws of some epochs, from those of the first one; int64[epochs * documents].

    Args:
        counts: tokens of draw 0 to D - 1, of D documents.
        epochs: number of epochs, at least 1.
        seed: seed of the run.
        source: name of the source.
    """
    if epochs == 1 or not len(counts):
        return np.tile(counts, epochs)
    documents = np.arange(len(counts), dtype=np.int64)
    by_document = counts[epoch_order(len(counts), seed, source, 0).inverse(documents).astype(np.int64)]
    later = [
        by_document[epoch_order(len(counts), seed, source, epoch).forward(documents).astype(np.int64)]
        for epoch in range(1, epochs)
    ]
    return np.concatenate([counts, *later])


def draws_in_epochs(draws: I64, documents: int, epochs: int, seed: int, source: str) -> I64:
    """Return in which draw of each epoch the documents of some draws of the first epoch come; int64[epochs, draws]."""
    if epochs == 1:
        return draws[np.newaxis]
    indices = epoch_order(documents, seed, source, 0).forward(draws).astype(np.int64)
    later = [
        epoch_order(documents, seed, source, epoch).inverse(indices).astype(np.int64) + epoch * documents
        for epoch in range(1, epochs)
    ]
    return np.stack([draws, *later])
