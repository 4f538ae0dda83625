"""Texts of one batch as arrays of word numbers: made once, read by every word-based signal."""

import functools
import re
import string
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from massivetext import text

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[np.generic]]

# Texts above this many characters are taken apart piece by piece: the objects of 50 MB of words would fill 600 MB.
_PIECE = 1 << 20
_SPACE = re.compile(r"\s")  # the white space of str.split


class _Numbering(dict[str, int]):
    """Numbers words from 0 in the order in which they are first asked for."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


class Batch:
    """Some texts with their words as numbers.

    Attributes:
        texts: the texts.
        vocabulary: the distinct words of all texts, in order of first appearance.
        words: number of each word of each text, one text after the other.
        starts: words of text ``i`` lie at ``starts[i]`` to ``starts[i + 1]``.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        numbering = _Numbering()
        runs = [[_number(piece, numbering) for piece in pieces(one, _SPACE)] for one in texts]
        self.vocabulary = tuple(numbering)
        self.words: I64 = np.concatenate([np.empty(0, np.int64), *(run for text_runs in runs for run in text_runs)])
        counts = [sum(map(len, text_runs)) for text_runs in runs]
        self.starts: I64 = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

    @functools.cached_property
    def counts(self) -> I64:
        """Words of each text."""
        return np.diff(self.starts)

    @functools.cached_property
    def owners(self) -> I64:
        """Index of the text of each word."""
        return np.repeat(np.arange(len(self.texts)), self.counts)

    @functools.cached_property
    def ends(self) -> I64:
        """Characters of words that stand before each word, over the whole batch; one entry more than words."""
        lengths = np.fromiter(map(len, self.vocabulary), np.int64, len(self.vocabulary))
        return _running(lengths[self.words])

    @functools.cached_property
    def characters(self) -> I64:
        """Characters of the words of each text: all that are not white space."""
        return np.diff(self.ends[self.starts])

    @functools.cached_property
    def forms(self) -> list[str]:
        """The vocabulary lower-cased and without punctuation at the edges of a word."""
        return list(map(normal_form, self.vocabulary))

    def sums(self, values: npt.NDArray[np.generic]) -> I64:
        """Sum over the words of each text of ``values``, which has one entry for each word of the batch."""
        return np.diff(_running(values)[self.starts])


def _number(piece: str, numbering: _Numbering) -> I64:
    words = text.words(piece)
    return np.fromiter(map(numbering.__getitem__, words), np.int64, len(words))


def _running(values: npt.NDArray[np.generic]) -> I64:
    out = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=out[1:])
    return out


def normal_form(word: str) -> str:
    """A word lower-cased, without the characters at its edges that are neither letters nor digits; may be empty."""
    if word.isalnum():
        return word.lower()
    word = word.strip(string.punctuation)
    first, last = 0, len(word)
    while first < last and not word[first].isalnum():
        first += 1
    while last > first and not word[last - 1].isalnum():
        last -= 1
    return word[first:last].lower()


def pieces(whole: str, boundary: re.Pattern[str], size: int = _PIECE) -> Iterator[str]:
    """A text in pieces of about ``size`` characters, cut after the first character of a ``boundary``.

    Joined they are the text; where there is no boundary a piece is as long as it must be.
    """
    start = 0
    while len(whole) - start > size:
        match = boundary.search(whole, start + size)
        if match is None:
            break
        end = match.start() + 1
        yield whole[start:end]
        start = end
    yield whole[start:]


def ratios(numerators: npt.ArrayLike, denominators: npt.ArrayLike) -> F64:
    """Quotients, 0.0 where the denominator is 0."""
    top, bottom = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
