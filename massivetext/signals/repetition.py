"""Repetition of n-grams: characters within the most frequent one, and within all that occur more than once.

An n-gram is n words one after the other, compared as they stand, and its characters are those of its words. Characters
that lie in several n-grams count once, all copies count (Rae et al. 2021, A.1.1: "taking care not to count characters
that occur in overlapping n-grams more than once"), and shares are of all characters that are not white space.

All texts of a batch are measured at once and exactly, without hashes: an n-gram is its group number, groups of n+1
words are pairs of group numbers of n words, packed in 64 bits and sorted. A word number is first joined with the index
of its text, so groups never span texts. Only where two duplicates of n words begin side by side can one of n+1 words
begin; what has to be sorted shrinks with every n.
"""

from typing import NamedTuple

import numpy as np

from massivetext.signals.batch import I64, Batch, Columns, ratios

TOP_SIZES = (2, 3, 4)
DUPLICATE_SIZES = (5, 6, 7, 8, 9, 10)


class _Groups(NamedTuple):
    """Where n-grams that occur more than once begin.

    Attributes:
        at: word positions, ascending.
        group: number of the n-gram at each position, ascending with the index of the text.
        sizes: number of copies of each n-gram; at least 2.
    """

    at: I64
    group: I64
    sizes: I64


def measure(batch: Batch) -> Columns:
    """Shares of the characters of each text in its top n-grams (2 to 4) and its duplicate n-grams (5 to 10)."""
    columns: Columns = {}
    groups = _group(batch.owners << 32 | batch.words, np.arange(len(batch.words)))
    for size in range(2, DUPLICATE_SIZES[-1] + 1):
        groups = _lengthen(groups)
        if size in TOP_SIZES:
            columns[f"top_{size}_gram_char_frac"] = ratios(_top_characters(batch, groups, size), batch.characters)
        if size in DUPLICATE_SIZES:
            covered = _covered_characters(batch, groups.at, size)
            columns[f"duplicate_{size}_gram_char_frac"] = ratios(covered, batch.characters)
    return columns


def _group(keys: I64, at: I64) -> _Groups:
    """The positions whose key occurs more than once; ``at`` is ascending."""
    order = np.argsort(keys)
    ordered = keys[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(keys)])
    copies = np.diff(first, append=len(keys))
    repeated = copies > 1
    group = np.full(len(keys), -1, np.int64)
    numbers = np.where(repeated, np.cumsum(repeated) - 1, -1)
    group[order] = np.repeat(numbers, copies)
    kept = np.flatnonzero(group >= 0)
    return _Groups(at[kept], group[kept], copies[repeated])


def _lengthen(groups: _Groups) -> _Groups:
    """The duplicate n-grams one word longer: two that begin side by side overlap in all but their outer words."""
    pairs = np.flatnonzero(groups.at[1:] == groups.at[:-1] + 1)
    return _group(groups.group[pairs] << 32 | groups.group[pairs + 1], groups.at[pairs])


def _covered_characters(batch: Batch, at: I64, size: int) -> I64:
    """Characters of each text within the n-grams that begin ``at`` ascending positions, each counted once."""
    stop = np.minimum(at + size, np.append(at[1:], len(batch.words)))
    counts = batch.ends[stop] - batch.ends[at]
    return np.bincount(batch.owners[at], weights=counts, minlength=len(batch.texts)).astype(np.int64)


def _top_characters(batch: Batch, groups: _Groups, size: int) -> I64:
    """Characters of each text within its most frequent n-gram; of equally frequent ones the one that covers most.

    0 where no n-gram occurs twice. Copies that overlap ("ha ha ha") count their common words once.
    """
    best = np.zeros(len(batch.texts), np.int64)
    if not len(groups.at):
        return best
    owner = np.empty(len(groups.sizes), np.int64)
    owner[groups.group] = batch.owners[groups.at]
    np.maximum.at(best, owner, groups.sizes)
    winners = groups.sizes == best[owner]
    mine = np.flatnonzero(winners[groups.group])
    mine = mine[np.argsort(groups.group[mine], kind="stable")]  # by n-gram, then by position
    at, group = groups.at[mine], groups.group[mine]
    following = np.append(at[1:], len(batch.words))
    following[np.append(group[1:] != group[:-1], True)] = len(batch.words)  # the last copy has no next one
    counts = batch.ends[np.minimum(at + size, following)] - batch.ends[at]
    covered = np.bincount(group, weights=counts, minlength=len(groups.sizes))
    out = np.zeros(len(batch.texts), np.int64)
    np.maximum.at(out, owner[winners], covered[winners].astype(np.int64))
    return out
