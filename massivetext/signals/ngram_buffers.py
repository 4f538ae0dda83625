"""Arrays with one entry per word of a text, which several counters of the kernel use one after the other."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled


class NgramBuffers(NamedTuple):
    """Arrays for the n-grams (or words, lines, paragraphs) of one text.

    Attributes:
        ends: int64[capacity + 1], number of characters of all words before each.
        at: int32, index of the word at which an n-gram begins.
        ngram_hashes: uint64, hash of the n-gram.
        groups: int32, number of the n-gram among the distinct ones.
        copies: int32, number of occurrences per distinct n-gram.
        covered: int32, number of characters within the copies of each distinct n-gram.
        stops: int32, index of the word after the last copy of each distinct n-gram.
    """

    ends: npt.NDArray[np.int64]
    at: npt.NDArray[np.int32]
    ngram_hashes: npt.NDArray[np.uint64]
    groups: npt.NDArray[np.int32]
    copies: npt.NDArray[np.int32]
    covered: npt.NDArray[np.int32]
    stops: npt.NDArray[np.int32]


@compiled
def ngram_buffers(most_words: int) -> NgramBuffers:
    """Return arrays for texts of at most this number of words."""
    return NgramBuffers(
        np.empty(most_words + 1, np.int64),
        np.empty(most_words, np.int32),
        np.empty(most_words, np.uint64),
        np.empty(most_words, np.int32),
        np.empty(most_words, np.int32),
        np.empty(most_words, np.int32),
        np.empty(most_words, np.int32),
    )
