"""The shingles of a text, a bounded number at a time, for compiled code."""

import numpy as np

from massivetext import hashing
from massivetext.compiled import compiled
from massivetext.schema import U64
from massivetext.shingles.word_classes import WordTables
from massivetext.shingles.word_stream import read_words
from massivetext.utf8 import U8

STREAMED_WORDS = 4096  # words that are read at once: their hashes and shingles stay in the cache of one core

_SEQUENCE = hashing.SEQUENCE
_MULTIPLIERS, _SHIFTS = hashing.MIX_MULTIPLIERS, hashing.MIX_SHIFTS


def stream_buffer(n: int) -> U64:
    """Return working memory for :func:`read_shingles` of n-grams, and as much for the shingles that it gives."""
    return np.empty(n - 1 + STREAMED_WORDS, np.uint64)


@compiled
def read_shingles(
    data: U8,
    at: int,
    stop: int,
    n: int,
    tables: WordTables,
    spelling: U8,
    hashes: U64,
    carried: int,
    shingles: U64,
) -> tuple[int, int, int]:
    """Give the next shingles of a text, unsorted, and with repetitions.

    A text of fewer than ``n`` words has one shingle, its whole word sequence; a text without words has none.

    Args:
        data: bytes of many texts.
        at: where to begin: the first byte of the text, or what the last call has returned.
        stop: index after the last byte of the text.
        n: words per shingle, at least 1.
        tables: properties of characters.
        spelling: working memory; see :func:`massivetext.shingles.word_stream.word_buffer`.
        hashes: working memory, which must not change between the calls; see :func:`stream_buffer`.
        carried: 0, or what the last call has returned.
        shingles: filled; has at least as much room as ``hashes``.

    Returns:
        (byte at which to go on, number to pass as ``carried``, number of shingles). The text is read when the byte is
        ``stop``.
    """
    begun = carried > 0
    at, count = read_words(data, at, stop, tables, spelling, hashes, carried)
    length = n
    if count < n:
        if count == 0 or begun:  # all of these words are in shingles already
            return at, count, 0
        length = count
    found = _window_hashes(hashes, count, length, shingles)
    for index in range(n - 1):  # for a text that is read, of no use
        hashes[index] = hashes[max(0, count - n + 1) + index]
    return at, min(n - 1, count), found


@compiled
def _window_hashes(hashes: U64, count: int, length: int, shingles: U64) -> int:
    """Write the hash of each window of ``length`` of ``count`` word hashes, and return the number of windows.

    It is the sum of ``hash * SEQUENCE**exponent``, exponents from ``length - 1`` to 0, plus ``length``, scrambled as
    :func:`massivetext.hashing.mix64` does. All arithmetic is modulo 2**64.
    """
    total, power = np.uint64(0), np.uint64(1)
    for index in range(length):
        total = total * _SEQUENCE + hashes[index]
        power *= _SEQUENCE
    shingles[0] = total
    windows = count - length + 1
    for index in range(1, windows):
        total = total * _SEQUENCE + hashes[index + length - 1] - hashes[index - 1] * power
        shingles[index] = total
    for index in range(windows):
        value = shingles[index] + np.uint64(length)
        value = (value ^ (value >> _SHIFTS[0])) * _MULTIPLIERS[0]
        value = (value ^ (value >> _SHIFTS[1])) * _MULTIPLIERS[1]
        shingles[index] = value ^ (value >> _SHIFTS[2])
    return windows
