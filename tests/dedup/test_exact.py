from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.exact_copies import exact_duplicates
from massivetext.schema import U64, text_hash


def u64(*values: int) -> U64:
    return np.array(values, dtype=np.uint64)


def hashes(*texts: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.frombuffer(b"".join(map(text_hash, texts)), dtype=np.uint8).reshape(-1, 16)


def test_the_smallest_rank_is_kept_then_the_smallest_address() -> None:
    # "a": references 5, 1, 9 with ranks 3, 2, 2: 1 and 9 tie, 1 is kept. "b" has no copy. "c": 4 (rank 0) before 3.
    losers, keepers = exact_duplicates(
        hashes("a", "b", "a", "c", "a", "c"), u64(3, 0, 2, 0, 2, 7), u64(5, 2, 1, 4, 9, 3)
    )

    assert losers.tolist() == [3, 5, 9]
    assert keepers.tolist() == [4, 1, 1]


def test_different_texts_stay() -> None:
    losers, keepers = exact_duplicates(hashes("a", "b"), u64(0, 0), u64(0, 1))

    assert losers.shape == keepers.shape == (0,)


def test_nothing_gives_nothing() -> None:
    losers, keepers = exact_duplicates(hashes(), u64(), u64())

    assert losers.shape == keepers.shape == (0,)


def test_hashes_that_agree_in_one_half_only_differ() -> None:
    halves = np.array([[1, 2], [1, 3], [2, 2], [1, 2]], dtype=np.uint64)
    losers, keepers = exact_duplicates(halves, u64(0, 0, 0, 0), u64(0, 1, 2, 3))

    assert (losers.tolist(), keepers.tolist()) == ([3], [0])


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=30), st.randoms(use_true_random=False))
def test_result_equals_a_plain_reference_in_any_order(rows: list[tuple[str, int]], random: Random) -> None:
    numbered = [(text, rank, address) for address, (text, rank) in enumerate(rows)]
    best = {text: min((r, a) for t, r, a in numbered if t == text)[1] for text, _, _ in numbered}
    expected = [(a, best[t]) for t, _, a in numbered if best[t] != a]
    random.shuffle(numbered)
    losers, keepers = exact_duplicates(
        hashes(*(t for t, _, _ in numbered)), u64(*(r for _, r, _ in numbered)), u64(*(a for _, _, a in numbered))
    )

    assert list(zip(losers.tolist(), keepers.tolist(), strict=True)) == expected


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="got 1, 1 and 2"):
        exact_duplicates(hashes("a"), u64(0), u64(0, 1))


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got \(1, 3\) uint64"):
        exact_duplicates(np.zeros((1, 3), dtype=np.uint64), u64(0), u64(0))
