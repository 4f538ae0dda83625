"""Sets of 64-bit hashes in nine bytes per entry, for compiled code: sorted, with an index of their first bits.

To look up a hash, the four to eight adjacent entries of one bucket are compared.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled

U64 = npt.NDArray[np.uint64]
_BLOCK = 1 << 16


class HashSet(NamedTuple):
    """A set of hashes.

    Attributes:
        hashes: uint64[entries], sorted and distinct.
        starts: int32[buckets + 1], index of the first entry of each bucket, and the number of entries.
        shift: right shift that turns a hash into its bucket index.
    """

    hashes: U64
    starts: npt.NDArray[np.int32]
    shift: int

    @property
    def bytes_held(self) -> int:
        """Number of bytes in memory."""
        return self.hashes.nbytes + self.starts.nbytes


def hash_set(hashes: U64) -> HashSet:
    """Return the set of some hashes in any order. Their array is sorted in place and becomes part of the set."""
    hashes.sort()
    kept = hashes[: _compact(hashes)]
    bits = max(1, len(kept).bit_length() - 3)
    buckets = np.arange(1 << bits, dtype=np.uint64) << np.uint64(64 - bits)
    starts = np.append(np.searchsorted(kept, buckets), len(kept)).astype(np.int32)
    return HashSet(kept, starts, 64 - bits)


def _compact(hashes: U64) -> int:
    """Move the distinct ones of sorted hashes to the front, block by block, and return their number."""
    kept = 0
    for low in range(0, len(hashes), _BLOCK):
        block = hashes[low : low + _BLOCK]
        new = np.empty(len(block), np.bool_)
        new[1:] = block[1:] != block[:-1]
        new[0] = kept == 0 or block[0] != hashes[kept - 1]
        fresh = block[new]
        hashes[kept : kept + len(fresh)] = fresh
        kept += len(fresh)
    return kept


@compiled
def contains_hash(members: HashSet, wanted: np.uint64) -> bool:
    """Return whether a hash is in the set."""
    bucket = int(wanted >> np.uint64(members.shift))
    at, end = members.starts[bucket], members.starts[bucket + 1]
    while at < end and members.hashes[at] != wanted:
        at += 1
    return bool(at < end)
