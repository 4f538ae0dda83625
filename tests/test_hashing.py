import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext import hashing

WORDS = st.lists(st.integers(0, hashing.MASK), max_size=20)


def plain_mix(value: int) -> int:
    """The finaliser of SplitMix64 in whole numbers."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & hashing.MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & hashing.MASK
    return value ^ (value >> 31)


def test_splitmix_draws_are_those_of_the_published_generator() -> None:
    # SplitMix64 from state 1234567 gives these (Vigna's code).
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]

    assert hashing.splitmix64(1234567, 3).tolist() == expected
    assert hashing.splitmix64(1234567, 0).tolist() == []


def test_splitmix_takes_every_seed() -> None:
    assert hashing.splitmix64(hashing.MASK, 1).tolist() == [plain_mix(0x9E3779B97F4A7C15 - 1)]


@given(WORDS)
def test_mixing_equals_its_plain_definition_and_leaves_its_input(values: list[int]) -> None:
    array = np.array(values, np.uint64)

    assert hashing.mix64(array).tolist() == [plain_mix(value) for value in values]
    assert array.tolist() == values
    assert hashing.mix64_in_place(array) is array
    assert array.tolist() == [plain_mix(value) for value in values]


@given(WORDS, st.integers(0, hashing.MASK))
def test_a_hash_is_extended_as_its_plain_definition_says(hashes: list[int], element: int) -> None:
    found = hashing.extend_hashes(np.array(hashes, np.uint64), np.full(len(hashes), element, np.uint64))

    assert found.tolist() == [plain_mix((hash_ * 0xD1342543DE82EF95 + element) & hashing.MASK) for hash_ in hashes]
