"""N-grams that occur more than once, from which the ported signals are computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RepeatedNgrams:
    """All copies of the n-grams of one size that occur more than once.

    Attributes:
        size: number of words per n-gram.
        starts: int64[copies], index of the first word of each copy, ascending.
        groups: int64[copies], number of the n-gram of each copy among the distinct ones.
        counts: int64[distinct], number of copies of each n-gram.
        firsts: int64[distinct], index of the first word of the first copy of each n-gram.
        ends: int64[words + 1], number of characters of all words before each word of the text.
    """

    size: int
    starts: I64
    groups: I64
    counts: I64
    firsts: I64
    ends: I64

    @property
    def lengths(self) -> I64:
        """Number of characters of each distinct n-gram, without spaces; int64[distinct]."""
        return self.ends[self.firsts + self.size] - self.ends[self.firsts]

    @property
    def top(self) -> int:
        """Number of the most frequent n-gram among the distinct ones; of several, the first in the text.

        Raises:
            ValueError: no n-gram occurs more than once.
        """
        often = np.flatnonzero(self.counts == self.counts.max())
        return int(often[self.firsts[often].argmin()])

    def covered(self, *, later: bool = False) -> npt.NDArray[np.bool_]:
        """Return which words are in a copy, or, with ``later``, in a copy that is not the first; bool[words]."""
        starts = self.starts
        if later:
            starts = starts[starts != self.firsts[self.groups]]
        words = np.zeros(len(self.ends) - 1, np.bool_)
        for offset in range(self.size):
            words[starts + offset] = True
        return words

    def characters(self, words: npt.NDArray[np.bool_]) -> int:
        """Return the number of characters of some words of the text, marked as by :meth:`covered`."""
        return int((self.ends[1:] - self.ends[:-1])[words].sum())


def repeated(words: Sequence[str], last: int) -> Iterator[RepeatedNgrams]:
    """Yield the repeated n-grams of a text for n from 2 to ``last``.

    Words are compared exactly, not by hashes. An n-gram can occur twice only if its first n-1 words do, so only
    repeated n-grams are extended.
    """
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int64)
    ends = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=ends[1:])
    starts, groups = np.arange(len(words)), ids
    for size in range(2, last + 1):
        within = starts + size <= len(words)
        starts, groups = starts[within], groups[within]
        pair_codes = groups * len(numbers) + ids[starts + size - 1]
        _, first, groups, counts = np.unique(pair_codes, return_index=True, return_inverse=True, return_counts=True)
        firsts, often = starts[first], counts > 1
        kept = often[groups]
        renumbered = np.cumsum(often) - 1
        starts, groups = starts[kept], renumbered[groups[kept]]
        yield RepeatedNgrams(size, starts, groups, counts[often], firsts[often], ends)
