"""Candidate pairs as bytes, cut into parts so that the pairs of two shards stay together, and read back by part."""

from collections.abc import Iterable
from typing import IO

import numpy as np
import numpy.typing as npt

from massivetext.dedup.candidates import Pairs, distinct_pairs
from massivetext.hashing import extend_hashes, mix64
from massivetext.schema import U64, shard_numbers

PAIR_BYTES = 16
_NUMBER = np.dtype("<u8")


def part_of(pairs: Pairs, parts: int) -> npt.NDArray[np.int64]:
    """The part of each pair, 0 to ``parts - 1``: the same for all pairs of the same two shards."""
    mixed = extend_hashes(mix64(shard_numbers(pairs[:, 0])), shard_numbers(pairs[:, 1]))
    return (mixed % np.uint64(parts)).astype(np.int64)


def by_shards(pairs: Pairs) -> list[Pairs]:
    """The pairs in groups that share both shards, each sorted; groups in the order of their shards."""
    if not len(pairs):
        return []
    ordered = _ordered(pairs, np.zeros(len(pairs), np.int64))
    shards = shard_numbers(ordered)
    changes = np.flatnonzero((shards[1:] != shards[:-1]).any(axis=1)) + 1
    return np.split(ordered, changes)


def packed(pairs: Pairs) -> bytes:
    """The bytes of pairs, 16 each, in the order of their shards: what :func:`unpacked` reads."""
    return _ordered(pairs, np.zeros(len(pairs), np.int64)).astype(_NUMBER).tobytes()


def unpacked(data: bytes) -> Pairs:
    """The pairs of :func:`packed`, or of any run of whole pairs within it."""
    return np.frombuffer(data, _NUMBER).reshape(-1, 2).astype(np.uint64)


def cut(pairs: Pairs, parts: int) -> bytes:
    """The bytes of pairs, cut into parts: where each part begins and the last ends, then the pairs part by part."""
    numbers = part_of(pairs, parts)
    bounds = np.searchsorted(np.sort(numbers), np.arange(parts + 1))
    return bounds.astype(_NUMBER).tobytes() + _ordered(pairs, numbers).astype(_NUMBER).tobytes()


def cut_bytes(pairs: int, parts: int) -> int:
    """Bytes of a file of so many pairs in so many parts."""
    return (parts + 1) * _NUMBER.itemsize + pairs * PAIR_BYTES


def read_part(handle: IO[bytes], part: int, parts: int) -> Pairs:
    """One part of a file made by :func:`cut`; reads nothing else of it."""
    handle.seek(part * _NUMBER.itemsize)
    low, high = np.frombuffer(handle.read(2 * _NUMBER.itemsize), _NUMBER).tolist()
    handle.seek(cut_bytes(low, parts))
    return unpacked(handle.read((high - low) * PAIR_BYTES))


def union(many: Iterable[Pairs]) -> Pairs:
    """All pairs, each once, sorted."""
    return distinct_pairs(np.concatenate([np.zeros((0, 2), np.uint64), *many]))


def _ordered(pairs: Pairs, first: npt.NDArray[np.int64]) -> Pairs:
    shards: U64 = shard_numbers(pairs)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0], shards[:, 1], shards[:, 0], first))]
