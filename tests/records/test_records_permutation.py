import hashlib
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from massivetext.hashing import derive_hash_key
from massivetext.records.permutation import Permutation

MASK = 2**64 - 1


def plain_forward(n: int, key: bytes, number: int) -> int:
    """The same permutation in plain Python, one number at a time."""
    digest = hashlib.blake2b(key, digest_size=48, person=b"permutation").digest()
    keys = [int.from_bytes(digest[i : i + 8], "little") for i in range(0, 48, 8)]
    bits = max(2, (n - 1).bit_length())
    high_bits, low_bits = bits // 2, bits - bits // 2

    def mix(value: int, round_key: int, bits: int) -> int:
        z = (value + round_key) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (z ^ (z >> 31)) >> (64 - bits)

    while True:
        high, low = number >> low_bits, number & ((1 << low_bits) - 1)
        for index, round_key in enumerate(keys):
            if index % 2 == 0:
                high ^= mix(low, round_key, high_bits)
            else:
                low ^= mix(high, round_key, low_bits)
        number = (high << low_bits) | low
        if number < n:
            return number


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 5000), key=st.one_of(st.integers(0, 2**63), st.binary(max_size=8)))
@example(n=1, key=0)
@example(n=2, key=0)
@example(n=3, key=0)
@example(n=4, key=0)
@example(n=4096, key=b"")
@example(n=4097, key=b"")
@example(n=20_000, key=5)
def test_is_a_bijection_and_inverse_goes_back(n: int, key: int | bytes) -> None:
    numbers = np.arange(n)
    there = Permutation(n, key).forward(numbers)

    assert sorted(there.tolist()) == list(range(n))
    assert (Permutation(n, key).inverse(there) == numbers).all()


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 2**62), key=st.binary(max_size=8), data=st.data())
def test_array_and_plain_integers_agree(n: int, key: bytes, data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, n - 1), max_size=20))
    permutation = Permutation(n, key)
    there = permutation.forward(np.array(numbers, dtype=np.uint64))

    assert there.tolist() == [plain_forward(n, key, number) for number in numbers]
    assert permutation.inverse(there).tolist() == numbers


def test_shape_is_kept_and_one_number_is_enough() -> None:
    permutation = Permutation(1000, 3)

    assert permutation.forward(np.arange(6).reshape(2, 3)).shape == (2, 3)
    assert permutation.forward(np.array(17)) == permutation.forward(np.arange(1000))[17]
    assert permutation.forward(np.array([], dtype=np.int64)).size == 0


def test_every_place_is_equally_likely_for_every_number() -> None:
    # 4,000 keys, 10 numbers: 400 expected in each cell; chi square over 100 cells has 81 degrees of freedom, so a mean
    # of 81 and a standard deviation of 12.7 (each row and each column sums to 4,000).
    counts = np.zeros((10, 10))
    for key in range(4000):
        counts[np.arange(10), Permutation(10, key).forward(np.arange(10)).astype(int)] += 1

    assert ((counts - 400) ** 2 / 400).sum() < 81 + 4 * 12.7


def test_neighbours_are_torn_apart() -> None:
    # A random permutation keeps about 2 of n neighbours together and has correlation 0 with a deviation of 1/sqrt(n).
    there = Permutation(100_000, 1).forward(np.arange(100_000)).astype(np.int64)

    assert (abs(np.diff(there)) == 1).sum() < 12
    assert abs(np.corrcoef(there, np.arange(100_000))[0, 1]) < 4 / 100_000**0.5


@pytest.mark.parametrize("n", [0, -1, 2**62 + 1])
def test_sizes_outside_the_range_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match=r"want 1 to 2\*\*62 numbers"):
        Permutation(n, 0)


@pytest.mark.parametrize("number", [-1, 10])
def test_numbers_outside_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="permutation of 10: want numbers below it"):
        Permutation(10, 0).forward(np.array([3, number]))


def test_values_of_a_hash_key_are_kept_apart() -> None:
    assert (
        len({derive_hash_key("a", 1), derive_hash_key("a1"), derive_hash_key("a", "1", ""), derive_hash_key(1, "a")})
        == 4
    )
    assert derive_hash_key("order", 7) == derive_hash_key("order", 7)


def test_two_million_numbers_take_less_than_two_seconds() -> None:
    # Measured: 0.3 s. The worst n for cycle walking is one above a power of two.
    numbers = np.arange(2_000_000)
    start = time.perf_counter()
    Permutation(2**21 + 1, 0).forward(numbers)

    assert time.perf_counter() - start < 2
