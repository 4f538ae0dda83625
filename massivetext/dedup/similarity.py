"""Exact similarity of two documents."""

from typing import NamedTuple

import numpy as np

from massivetext.schema import U64


class Similarity(NamedTuple):
    """How much two documents have in common. They are near-duplicates if ``jaccard`` exceeds the threshold.

    Rae et al. 2021, A.1.1, compare 13-grams and use the threshold 0.8.

    Attributes:
        jaccard: common shingles divided by all shingles of both, 0 to 1; 0.0 if neither has any.
        containment_of_smaller: common shingles divided by those of the document with fewer, 0 to 1; 0.0 if it has none.
    """

    jaccard: float
    containment_of_smaller: float


def similarity(a: U64, b: U64) -> Similarity:
    """Return the exact similarity of two sets of shingles, each sorted and distinct."""
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    if not len(small):
        return Similarity(0.0, 0.0)
    positions = np.searchsorted(large, small)
    positions[positions == len(large)] = 0
    shared = int(np.count_nonzero(large[positions] == small))
    return Similarity(shared / (len(small) + len(large) - shared), shared / len(small))
