"""Keyed permutations of the numbers below n. Any worker can evaluate and invert them at any number alone."""

import hashlib

import numpy as np
import numpy.typing as npt

from massivetext.hashing import U64, derive_hash_key, mix64_in_place

_ROUNDS = 6
_BLOCK = 1 << 14  # numbers that are permuted at a time, so that they stay in the processor's cache


class Permutation:
    """A bijection of the whole numbers below n, fixed by n and a hash key.

    A Feistel network of six rounds over the smallest suitable number of bits, with cycle walking: a result that is not
    below n goes through the network again. On average that takes less than two passes, except for n below 4.
    """

    def __init__(self, n: int, hash_key: int | bytes) -> None:
        """Derive the keys of the rounds.

        Args:
            n: how many numbers are permuted, 1 to 2**62.
            hash_key: any whole number or bytes; see :func:`massivetext.hashing.derive_hash_key`.

        Raises:
            ValueError: n is out of range.
        """
        if not 1 <= n <= 1 << 62:
            raise ValueError(f"permutation: want 1 to 2**62 numbers, got {n}")
        self.n = n
        material = hash_key if isinstance(hash_key, bytes) else derive_hash_key("permutation", hash_key)
        digest = hashlib.blake2b(material, digest_size=8 * _ROUNDS, person=b"permutation").digest()
        self._keys = [np.uint64(word) for word in np.frombuffer(digest, dtype="<u8")]
        bits = max(2, (n - 1).bit_length())
        self._low_bits = bits - bits // 2
        self._high_bits = bits // 2

    def forward(self, numbers: npt.NDArray[np.integer]) -> U64:
        """Return what each number is mapped to; same shape, uint64.

        Raises:
            ValueError: a number is negative or not below n.
        """
        return self._walk(numbers, range(_ROUNDS))

    def inverse(self, numbers: npt.NDArray[np.integer]) -> U64:
        """Return what is mapped to each number: ``inverse(forward(x)) == x``.

        Raises:
            ValueError: a number is negative or not below n.
        """
        return self._walk(numbers, range(_ROUNDS - 1, -1, -1))

    def _walk(self, numbers: npt.NDArray[np.integer], rounds: range) -> U64:
        if numbers.size and not (numbers.min() >= 0 and numbers.max() < self.n):
            raise ValueError(f"permutation of {self.n}: want numbers below it, got {numbers.min()} to {numbers.max()}")
        result = numbers.astype(np.uint64).ravel()
        for start in range(0, result.size, _BLOCK):
            block = result[start : start + _BLOCK]
            self._pass(block, rounds)
            outside = np.flatnonzero(block >= self.n)
            while outside.size:
                again = block[outside]
                self._pass(again, rounds)
                block[outside] = again
                outside = outside[again >= self.n]
        return result.reshape(numbers.shape)

    def _pass(self, values: U64, rounds: range) -> None:
        """Send values through the network once, in place. Each round changes one half by a hash of the other."""
        low_bits = np.uint64(self._low_bits)
        high = values >> low_bits
        low = values & np.uint64((1 << self._low_bits) - 1)
        for index in rounds:
            if index % 2 == 0:
                high ^= _top_bits(low, self._keys[index], self._high_bits)
            else:
                low ^= _top_bits(high, self._keys[index], self._low_bits)
        high <<= low_bits
        np.bitwise_or(high, low, out=values)


def _top_bits(values: U64, round_key: np.uint64, bits: int) -> U64:
    """Return the uppermost ``bits`` of the hash of each value under the key of a round."""
    mixed = mix64_in_place(values + round_key)
    mixed >>= np.uint64(64 - bits)
    return mixed
