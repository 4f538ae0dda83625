"""Runs of n words that occur more than once: what every reading counts, each in its own way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Repeated:
    """The n-grams of one size that occur more than once, every copy of them.

    Attributes:
        size: words of each.
        starts: int64[copies], the word at which each begins, ascending.
        groups: int64[copies], number of each among the distinct ones.
        counts: int64[distinct], copies of each.
        firsts: int64[distinct], the word at which the first copy of each begins.
        ends: int64[words + 1], characters of words before each word of the text.
    """

    size: int
    starts: I64
    groups: I64
    counts: I64
    firsts: I64
    ends: I64

    @property
    def lengths(self) -> I64:
        """Characters of each of the distinct ones, those of its words alone; int64[distinct]."""
        return self.ends[self.firsts + self.size] - self.ends[self.firsts]

    @property
    def top(self) -> int:
        """Place among the distinct ones of the most frequent, of equally frequent ones the first in the text.

        Raises:
            ValueError: no n-gram occurs more than once.
        """
        often = np.flatnonzero(self.counts == self.counts.max())
        return int(often[self.firsts[often].argmin()])

    def covered(self, *, later: bool = False) -> npt.NDArray[np.bool_]:
        """Which words of the text lie in a copy, or in one that is not the first; bool[words]."""
        starts = self.starts
        if later:
            starts = starts[starts != self.firsts[self.groups]]
        words = np.zeros(len(self.ends) - 1, np.bool_)
        for place in range(self.size):
            words[starts + place] = True
        return words

    def characters(self, words: npt.NDArray[np.bool_]) -> int:
        """Characters of some words of the text, marked as in :meth:`covered`."""
        return int((self.ends[1:] - self.ends[:-1])[words].sum())


def repeated(words: Sequence[str], last: int) -> Iterator[Repeated]:
    """The repeated n-grams of a text for n from 2 to ``last``.

    Words are told apart exactly, not by hashes. An n-gram occurs twice only where the one a word shorter does, so the
    long ones are looked for among the short ones alone.
    """
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int64)
    ends = np.zeros(len(words) + 1, np.int64)
    np.cumsum([len(word) for word in words], out=ends[1:])
    starts, groups = np.arange(len(words)), ids
    for size in range(2, last + 1):
        within = starts + size <= len(words)
        starts, groups = starts[within], groups[within]
        keys = groups * len(numbers) + ids[starts + size - 1]
        _, first, groups, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
        firsts, often = starts[first], counts > 1
        kept = often[groups]
        renumbered = np.cumsum(often) - 1
        starts, groups = starts[kept], renumbered[groups[kept]]
        yield Repeated(size, starts, groups, counts[often], firsts[often], ends)
