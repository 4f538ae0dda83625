"""Hash constants and mixing functions. Their results are stored in runs, so none of them may ever change.

There are two families, of different strength and speed:

* :func:`mix64` is the finaliser of SplitMix64 (Steele, Lea and Flood 2014): one to one, and every output bit depends on
  every input bit. Shingles, MinHash and permutations need that.
* The signals of texts and URLs hash in compiled loops that afford only one or two multiplications per character. They
  are written in :mod:`massivetext.signals` with the constants :data:`GOLDEN`, :data:`CHARACTER` and :data:`STEP`. This
  module imports no compiler, because readers of records need none.

All arithmetic is modulo 2**64.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]

MASK = (1 << 64) - 1
# 2**64 divided by the golden ratio: the increment of SplitMix64, and the initial state of a hash of characters.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# Odd, so that multiplication loses no hash; 5 modulo 8, so that SEQUENCE**d - 1 has few factors of two and swapped
# words (whose hashes would differ by a multiple of it) collide with probability 2**-59 at most for n-grams of up to 16
# words.
SEQUENCE = np.uint64(0xD1342543DE82EF95)
CHARACTER = np.uint64(0x9FB21C651E98DF25)
STEP = np.uint64(0xD6E8FEB86659FD93)

MIX_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
MIX_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def derive_hash_key(*values: str | int) -> bytes:
    """Return a 256-bit hash key for one purpose: the hash of, for example, a name, the seed, a source and an epoch."""
    return hashlib.blake2b("\0".join(map(str, values)).encode("utf-8"), digest_size=32).digest()


def keyed_ranks(purpose: str, seed: int, names: Sequence[str]) -> U64:
    """Return a keyed hash of each name, below 2**63: for samples and splits that do not depend on other names."""
    digests = b"".join(hashlib.blake2b(f"{purpose}\0{seed}\0{name}".encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(digests, "<u8") >> np.uint64(1)


def mix64(values: U64) -> U64:
    """Return each 64-bit value scrambled, one to one, so that every output bit depends on every input bit."""
    return mix64_in_place(values.copy())


def mix64_in_place(values: U64) -> U64:
    """Scramble each value of an array as :func:`mix64` does, in the same memory, and return the array."""
    scratch = np.empty_like(values)
    for shift, multiplier in zip(MIX_SHIFTS, MIX_MULTIPLIERS, strict=False):
        np.right_shift(values, shift, out=scratch)
        values ^= scratch
        values *= multiplier
    np.right_shift(values, MIX_SHIFTS[-1], out=scratch)
    values ^= scratch
    return values


def splitmix64(seed: int, count: int) -> U64:
    """Return the first outputs of the generator SplitMix64, uint64[count], for a seed of 0 to 2**64 - 1."""
    return mix64_in_place(np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * GOLDEN)


def extend_hashes(hashes: U64, elements: U64) -> U64:
    """Return the hash of each sequence after one more element is appended; the order of the elements matters."""
    return mix64_in_place(hashes * SEQUENCE + elements)
