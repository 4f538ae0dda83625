"""MinHash signatures and their bands: which documents may be near duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from massivetext import hashing
from massivetext.schema import U64

U32 = npt.NDArray[np.uint32]

EMPTY = 0xFFFFFFFF  # every value of the signature of a document without shingles

BLOCK_PRODUCTS = 1 << 16  # products computed at a time: 512 KiB, which stays in a core's own cache


@dataclass(frozen=True, slots=True)
class MinHash:
    """Signatures of sets of 64-bit shingle hashes; the share of equal values of two estimates their Jaccard similarity.

    Value i is the smallest upper half of ``a[i] * shingle + b[i]`` modulo 2**64 over the shingles (multiply-shift,
    Dietzfelbinger 1996); ``a`` odd and ``b`` come from SplitMix64 of the seed, so they are the same everywhere.

    Attributes:
        permutations: values of a signature; the standard error of an estimate of J is sqrt(J (1 - J) / permutations).
        seed: 0 to 2**64 - 1; signatures of different seeds do not compare.
    """

    permutations: int
    seed: int

    def __post_init__(self) -> None:
        if self.permutations < 1:
            raise ValueError(f"MinHash.permutations: want at least 1, got {self.permutations}")
        if not 0 <= self.seed <= hashing.MASK:
            raise ValueError(f"MinHash.seed: want 0 to 2**64 - 1, got {self.seed}")

    def signature(self, shingles: U64, *, block_products: int = BLOCK_PRODUCTS) -> U32:
        """The signature of one set, uint32[permutations]; all :data:`EMPTY` for the empty set."""
        multipliers, increments = _functions(self.permutations, self.seed)
        least = np.full(self.permutations, hashing.MASK, dtype=np.uint64)
        rows = max(1, block_products // self.permutations)
        block = np.empty((min(rows, len(shingles)), self.permutations), dtype=np.uint64)
        for start in range(0, len(shingles), rows):
            part = shingles[start : start + rows, None]
            products = np.multiply(part, multipliers, out=block[: len(part)])
            products += increments
            np.minimum(least, products.min(axis=0), out=least)
        # The shift keeps the order, so it is done once, on the smallest.
        return (least >> np.uint64(32)).astype(np.uint32)

    def signatures(self, shingle_sets: Sequence[U64]) -> U32:
        """The signatures of several sets, one a row: uint32[sets, permutations]."""
        out = np.empty((len(shingle_sets), self.permutations), dtype=np.uint32)
        for row, shingles in enumerate(shingle_sets):
            out[row] = self.signature(shingles)
        return out


@lru_cache(maxsize=8)
def _functions(permutations: int, seed: int) -> tuple[U64, U64]:
    """(multipliers, increments): the outputs of SplitMix64 that begin at ``seed``, by turns."""
    drawn = hashing.splitmix64(seed, 2 * permutations)
    return drawn[0::2] | np.uint64(1), drawn[1::2].copy()


def band_keys(signatures: U32, bands: int, rows: int) -> U64:
    """The bucket of each document in each band: uint64[documents, bands].

    Two documents have the same key in a band when the ``rows`` values of that band agree (otherwise with probability
    2**-64). Keys of different bands differ, so all may be pooled. Documents without shingles all have the same keys:
    leave them out.

    Raises:
        ValueError: the signatures have another width than ``bands * rows``.
    """
    if signatures.ndim != 2 or signatures.shape[1] != bands * rows:
        raise ValueError(f"band_keys: want signatures of {bands} x {rows} values, got an array of {signatures.shape}")
    values = signatures.reshape(len(signatures), bands, rows)
    return np.stack([keys_of_band(values[:, band], band) for band in range(bands)], axis=1)


def keys_of_band(values: U32, band: int) -> U64:
    """The bucket of each document in one band, uint64[documents], from that band's values, uint32[documents, rows]."""
    keys = np.broadcast_to(hashing.mix64(np.array([band + 1], np.uint64)), (len(values),))
    for row in range(values.shape[1]):
        keys = hashing.extend_hashes(keys, values[:, row].astype(np.uint64))
    return keys


def estimate(a: U32, b: U32) -> float:
    """Estimated Jaccard similarity of two documents from their signatures: the share of equal values, 0 to 1."""
    if a.shape != b.shape or not a.size:
        raise ValueError(f"estimate: want two signatures of one length, got {a.shape} and {b.shape}")
    return float(np.mean(a == b))
