"""MinHash signatures and their LSH bands, which find the documents that may be near-duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from massivetext import hashing
from massivetext.schema import U64

U32 = npt.NDArray[np.uint32]

EMPTY_VALUE = 0xFFFFFFFF  # every value of the signature of a document without shingles
BLOCK_PRODUCTS = 1 << 16  # products computed at a time: 512 KiB, which stay in the cache of one core


@dataclass(frozen=True, slots=True)
class MinHash:
    """Computes signatures of sets of 64-bit shingle hashes.

    Value i is the smallest upper half of ``a[i] * shingle + b[i]`` modulo 2**64 over the shingles (multiply-shift,
    Dietzfelbinger 1996). ``a`` (made odd) and ``b`` are outputs of SplitMix64 for the seed, so they are the same
    everywhere. The share of equal values of two signatures estimates the Jaccard similarity of the two sets.

    Attributes:
        permutations: values of a signature; the standard error of an estimate of J is sqrt(J (1 - J) / permutations).
        seed: 0 to 2**64 - 1; signatures of different seeds are not comparable.
    """

    permutations: int
    seed: int

    def __post_init__(self) -> None:
        if self.permutations < 1:
            raise ValueError(f"MinHash.permutations: want at least 1, got {self.permutations}")
        if not 0 <= self.seed <= hashing.MASK:
            raise ValueError(f"MinHash.seed: want 0 to 2**64 - 1, got {self.seed}")

    def signature(self, shingles: U64, *, block_products: int = BLOCK_PRODUCTS) -> U32:
        """Return the signature of one set, uint32[permutations]; every value is :data:`EMPTY_VALUE` for an empty set.

        Args:
            shingles: the set, in any order.
            block_products: products in memory at a time; does not change the result.
        """
        multipliers, increments = _functions(self.permutations, self.seed)
        least = np.full(self.permutations, hashing.MASK, dtype=np.uint64)
        rows = max(1, block_products // self.permutations)
        block = np.empty((min(rows, len(shingles)), self.permutations), dtype=np.uint64)
        for start in range(0, len(shingles), rows):
            block_shingles = shingles[start : start + rows, None]
            products = np.multiply(block_shingles, multipliers, out=block[: len(block_shingles)])
            products += increments
            np.minimum(least, products.min(axis=0), out=least)
        # The shift keeps the order of values, so one shift of the minimum is enough.
        return (least >> np.uint64(32)).astype(np.uint32)

    def signatures(self, shingle_sets: Sequence[U64]) -> U32:
        """Return the signatures of several sets, uint32[sets, permutations]."""
        out = np.empty((len(shingle_sets), self.permutations), dtype=np.uint32)
        for row, shingles in enumerate(shingle_sets):
            out[row] = self.signature(shingles)
        return out


@lru_cache(maxsize=8)
def _functions(permutations: int, seed: int) -> tuple[U64, U64]:
    """Return (multipliers, increments): alternating outputs of SplitMix64 for the seed."""
    drawn = hashing.splitmix64(seed, 2 * permutations)
    return drawn[0::2] | np.uint64(1), drawn[1::2].copy()


def bucket_hashes(signatures: U32, bands: int, rows: int) -> U64:
    """Return the bucket hash of each document in each band, uint64[documents, bands].

    Two documents have the same bucket hash in a band if all ``rows`` values of the band agree; otherwise with
    probability 2**-64. Bucket hashes of different bands differ, so all bands may be pooled. All documents without
    shingles share their buckets: the caller leaves them out.

    Args:
        signatures: uint32[documents, bands * rows].
        bands: bands of a signature.
        rows: values of a band.

    Raises:
        ValueError: the signatures have another width.
    """
    if signatures.ndim != 2 or signatures.shape[1] != bands * rows:
        raise ValueError(
            f"bucket_hashes: want signatures of {bands} x {rows} values, got an array of {signatures.shape}"
        )
    values = signatures.reshape(len(signatures), bands, rows)
    return np.stack([band_bucket_hashes(values[:, band], band) for band in range(bands)], axis=1)


def band_bucket_hashes(values: U32, band: int) -> U64:
    """Return the bucket hash of each document in one band, uint64[documents], from uint32[documents, rows]."""
    hashes: U64 = np.broadcast_to(hashing.mix64(np.array([band + 1], np.uint64)), (len(values),))
    for row in range(values.shape[1]):
        hashes = hashing.extend_hashes(hashes, values[:, row].astype(np.uint64))
    return hashes


def estimate_similarity(a: U32, b: U32) -> float:
    """Return the estimated Jaccard similarity of two documents, 0 to 1: the share of equal values of their signatures.

    Raises:
        ValueError: the signatures are empty or differ in length.
    """
    if a.shape != b.shape or not a.size:
        raise ValueError(f"estimate_similarity: want two signatures of one length, got {a.shape} and {b.shape}")
    return float(np.mean(a == b))
