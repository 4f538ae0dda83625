"""Exact similarity of candidate pairs."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.dedup.candidates import Pairs
from massivetext.schema import U64


class Similarity(NamedTuple):
    """How much two documents have in common.

    Attributes:
        jaccard: common shingles over all shingles of both, 0 to 1; 0.0 when neither has any.
        containment_of_smaller: common shingles over those of the document that has fewer, 0 to 1; 0.0 when it has none.
    """

    jaccard: float
    containment_of_smaller: float


def similarity(a: U64, b: U64) -> Similarity:
    """The exact similarity of two sets of shingles, each sorted and distinct."""
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    if not len(small):
        return Similarity(0.0, 0.0)
    places = np.searchsorted(large, small)
    places[places == len(large)] = 0
    shared = int(np.count_nonzero(large[places] == small))
    return Similarity(shared / (len(small) + len(large) - shared), shared / len(small))


def verify(pairs: Pairs, shingle_sets: Mapping[int, U64]) -> npt.NDArray[np.float64]:
    """The exact Jaccard similarity of each pair, in order, 0 to 1.

    Two documents are near duplicates when it *exceeds* the threshold (Rae et al. 2021, A.1.1: 0.8).

    Raises:
        KeyError: a document of a pair has no shingle set.
    """
    jaccards = (similarity(shingle_sets[a], shingle_sets[b]).jaccard for a, b in pairs.tolist())
    return np.fromiter(jaccards, dtype=np.float64, count=len(pairs))
