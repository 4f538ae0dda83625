"""Candidate pairs as bytes: ordered by pair partition, and read back."""

from collections.abc import Iterable
from typing import IO

import numpy as np
import numpy.typing as npt

from massivetext.dedup.candidates import Pairs, distinct_pairs
from massivetext.hashing import mix64

PAIR_BYTES = 16
_NUMBER = np.dtype("<u8")


def pair_partition_of(pairs: Pairs, pair_partitions: int) -> npt.NDArray[np.int64]:
    """Return the pair partition of each pair, 0 to ``pair_partitions - 1``; equal for all pairs of the same first."""
    return (mix64(pairs[:, 0]) % np.uint64(pair_partitions)).astype(np.int64)


def pack_pairs(pairs: Pairs) -> bytes:
    """Return pairs as bytes, 16 per pair, sorted; :func:`unpack_pairs` reads them."""
    return _ordered(pairs, np.zeros(len(pairs), np.int64)).astype(_NUMBER).tobytes()


def unpack_pairs(data: bytes) -> Pairs:
    """Return the pairs of :func:`pack_pairs`, or of any sequence of whole pairs from its bytes."""
    return np.frombuffer(data, _NUMBER).reshape(-1, 2).astype(np.uint64)


def pack_by_partition(pairs: Pairs, pair_partitions: int) -> bytes:
    """Return pairs as bytes, one pair partition after the other, after the bounds of all pair partitions."""
    numbers = pair_partition_of(pairs, pair_partitions)
    bounds = np.searchsorted(np.sort(numbers), np.arange(pair_partitions + 1))
    return bounds.astype(_NUMBER).tobytes() + _ordered(pairs, numbers).astype(_NUMBER).tobytes()


def packed_size(pairs: int, pair_partitions: int) -> int:
    """Return the number of bytes of :func:`pack_by_partition` for a number of pairs."""
    return (pair_partitions + 1) * _NUMBER.itemsize + pairs * PAIR_BYTES


def read_pair_partition(handle: IO[bytes], pair_partition: int, pair_partitions: int) -> Pairs:
    """Return one pair partition from a file of :func:`pack_by_partition`; reads nothing else of the file."""
    handle.seek(pair_partition * _NUMBER.itemsize)
    low, high = np.frombuffer(handle.read(2 * _NUMBER.itemsize), _NUMBER).tolist()
    handle.seek(packed_size(low, pair_partitions))
    return unpack_pairs(handle.read((high - low) * PAIR_BYTES))


def merge_pairs(arrays: Iterable[Pairs]) -> Pairs:
    """Return the distinct pairs of several arrays, sorted."""
    return distinct_pairs(np.concatenate([np.zeros((0, 2), np.uint64), *arrays]))


def without_pairs(pairs: Pairs, known: Pairs) -> Pairs:
    """Return the distinct pairs that are not among the known ones, sorted."""
    every = np.concatenate([known, pairs])
    is_wanted = np.repeat([False, True], [len(known), len(pairs)])
    order = np.lexsort((is_wanted, every[:, 1], every[:, 0]))
    every, is_wanted = every[order], is_wanted[order]
    first = np.ones(len(every), np.bool_)  # a known pair comes before the same pair that is wanted
    first[1:] = (every[1:] != every[:-1]).any(axis=1)
    new: Pairs = every[first & is_wanted]
    return new


def _ordered(pairs: Pairs, first: npt.NDArray[np.int64]) -> Pairs:
    """Return the pairs sorted by a number per pair, then by their documents."""
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0], first))]
