from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.candidates import bucket_pairs
from massivetext.schema import U64

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=40)


def u64(*values: int) -> U64:
    return np.array(values, dtype=np.uint64)


def reference(rows: list[tuple[int, int]], max_bucket: int) -> tuple[list[list[int]], int]:
    pairs, oversized = set(), 0
    for key in {key for key, _ in rows}:
        members = sorted({address for k, address in rows if k == key})
        if len(members) <= max_bucket:
            pairs |= set(combinations(members, 2))
        else:
            oversized += 1
            pairs |= {(members[0], other) for other in members[1:]} | set(pairwise(members))
    return [list(pair) for pair in sorted(pairs)], oversized


def test_a_bucket_gives_all_its_pairs() -> None:
    # bucket 5: 1, 2, 3; bucket 6: 9 alone; bucket 7: 3 and 1 again, a pair that is there already.
    pairs, oversized = bucket_pairs(u64(5, 5, 5, 6, 7, 7), u64(3, 1, 2, 9, 3, 1), 3)

    assert pairs.dtype == np.uint64
    assert pairs.tolist() == [[1, 2], [1, 3], [2, 3]]
    assert oversized == 0


def test_a_bucket_one_too_large_gives_neighbours_and_pairs_with_its_first() -> None:
    # 4 members, limit 3: 1 with 2, 3, 4; 2 with 3; 3 with 4; but not 2 with 4.
    pairs, oversized = bucket_pairs(u64(5, 5, 5, 5), u64(4, 3, 2, 1), 3)

    assert pairs.tolist() == [[1, 2], [1, 3], [1, 4], [2, 3], [3, 4]]
    assert oversized == 1


def test_pairs_of_a_large_bucket_stay_linear() -> None:
    pairs, oversized = bucket_pairs(np.full(100_000, 3, dtype=np.uint64), np.arange(100_000, dtype=np.uint64), 64)

    assert len(pairs) == 2 * 99_999 - 1
    assert oversized == 1


def test_document_references_use_all_64_bits() -> None:
    top = 2**64 - 1

    assert bucket_pairs(u64(top, top), u64(top, 0), 2)[0].tolist() == [[0, top]]


def test_no_rows_give_no_pairs() -> None:
    pairs, oversized = bucket_pairs(u64(), u64(), 2)

    assert pairs.shape == (0, 2)
    assert oversized == 0


@given(ROWS, st.integers(1, 6))
def test_pairs_equal_a_plain_reference(rows: list[tuple[int, int]], max_bucket: int) -> None:
    hashes, documents = u64(*(k for k, _ in rows)), u64(*(a for _, a in rows))
    pairs, oversized = bucket_pairs(hashes, documents, max_bucket)

    assert (pairs.tolist(), oversized) == reference(rows, max_bucket)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="max_bucket of at least 1, got 0"):
        bucket_pairs(u64(), u64(), 0)
    with pytest.raises(ValueError, match="one document reference per bucket hash"):
        bucket_pairs(u64(1), u64(), 1)
