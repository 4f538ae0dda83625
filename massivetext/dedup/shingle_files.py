"""Shingle sets of documents as bytes, on their way from the worker that reads the texts to those that compare them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.schema import U64

I64 = npt.NDArray[np.int64]
_NUMBER = np.dtype("<u8")


class ShingleSets(NamedTuple):
    """The shingles of some documents, each set sorted and distinct.

    Attributes:
        refs: document references, ascending, distinct.
        bounds: int64[documents + 1]; the shingles of document ``i`` are those from ``bounds[i]`` to ``bounds[i + 1]``.
        shingles: the shingles of all documents.
    """

    refs: U64
    bounds: I64
    shingles: U64

    def of(self, position: int) -> U64:
        """Return the shingles of the document at a position."""
        return self.shingles[self.bounds[position] : self.bounds[position + 1]]

    def positions(self, document_refs: U64) -> I64:
        """Return the positions of documents, in the shape of their references. Raises KeyError if one is missing."""
        found = np.searchsorted(self.refs, document_refs)
        if (found == len(self.refs)).any() or (self.refs[found] != document_refs).any():
            raise KeyError("the shingles of a document are missing")
        return found


def join_shingle_sets(parts: Sequence[ShingleSets]) -> ShingleSets:
    """Return the shingle sets of several parts, which must be in the order of their documents."""
    refs = np.concatenate([np.zeros(0, np.uint64), *(part.refs for part in parts)])
    sizes = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.bounds) for part in parts)])
    shingles = [part.shingles for part in parts]
    return ShingleSets(refs, np.cumsum(sizes), np.concatenate([np.zeros(0, np.uint64), *shingles]))


def select_shingle_sets(sets: ShingleSets, positions: I64) -> ShingleSets:
    """Return the shingle sets at some positions, which must ascend."""
    bounds = np.zeros(len(positions) + 1, np.int64)
    np.cumsum(np.diff(sets.bounds)[positions], out=bounds[1:])
    found = np.empty(int(bounds[-1]), np.uint64)
    _copy(sets.shingles, sets.bounds, positions, found)
    return ShingleSets(sets.refs[positions], bounds, found)


@compiled_and_cached
def _copy(shingles: U64, bounds: I64, positions: I64, found: U64) -> None:
    at = 0
    for position in positions:
        for index in range(bounds[position], bounds[position + 1]):
            found[at] = shingles[index]
            at += 1


def pack_shingle_sets(sets: ShingleSets) -> bytes:
    """Return shingle sets as bytes: their number, document references, bounds and shingles, 8 bytes each."""
    numbers = (np.array([len(sets.refs)]), sets.refs, sets.bounds, sets.shingles)
    return b"".join(each.astype(_NUMBER).tobytes() for each in numbers)


def unpack_shingle_sets(data: bytes) -> ShingleSets:
    """Return the shingle sets of :func:`pack_shingle_sets`, as views of the bytes."""
    numbers = np.frombuffer(data, _NUMBER)
    count = int(numbers[0])
    refs, bounds, shingles = np.split(numbers[1:], [count, 2 * count + 1])
    return ShingleSets(refs, bounds.astype(np.int64), shingles)


def merge_shingle_sets(parts: Iterable[bytes]) -> ShingleSets:
    """Return the shingle sets of several pieces of bytes, in the order of their documents; empty ones hold none."""
    return join_shingle_sets([unpack_shingle_sets(part) for part in parts if part])


def count_shared(sets: ShingleSets, first: I64, second: I64) -> I64:
    """Return the number of shingles that each document at a position of ``first`` shares with that of ``second``."""
    found = np.empty(len(first), np.int64)
    _count_shared(sets.shingles, sets.bounds, first, second, found)
    return found


@compiled_and_cached
def _count_shared(shingles: U64, bounds: I64, first: I64, second: I64, found: I64) -> None:
    for pair in range(len(first)):
        one, two = first[pair], second[pair]
        found[pair] = count_common(shingles, bounds[one], bounds[one + 1], bounds[two], bounds[two + 1])


@compiled
def count_common(shingles: U64, one: int, one_end: int, two: int, two_end: int) -> int:
    """Return the number of common shingles of two sorted sets, given the bounds of each."""
    shared = 0
    while one < one_end and two < two_end:  # without branches that depend on the shingles
        a, b = shingles[one], shingles[two]
        shared += a == b
        one += a <= b
        two += b <= a
    return shared
