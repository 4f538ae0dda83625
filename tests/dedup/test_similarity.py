import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.similarity import similarity
from massivetext.schema import U64

SETS = st.sets(st.integers(0, 2**64 - 1) | st.integers(0, 20), max_size=30)


def shingles(values: set[int]) -> U64:
    return np.array(sorted(values), dtype=np.uint64)


# {1,2,3} and {2,3,4,5}: 2 of 5 in common; 2 of the smaller 3.
@pytest.mark.parametrize(
    ("a", "b", "jaccard", "containment"),
    [
        ({1, 2, 3}, {2, 3, 4, 5}, 0.4, 2 / 3),
        ({1, 2}, {1, 2, 3, 4}, 0.5, 1.0),
        ({1}, {1}, 1.0, 1.0),
        ({1}, {2}, 0.0, 0.0),
        ({7}, {1, 2}, 0.0, 0.0),
        (set(), {1}, 0.0, 0.0),
        (set(), set(), 0.0, 0.0),
    ],
)
def test_similarity(a: set[int], b: set[int], jaccard: float, containment: float) -> None:
    assert similarity(shingles(a), shingles(b)) == (jaccard, containment)


@given(SETS, SETS)
def test_similarity_equals_that_of_sets_both_ways(a: set[int], b: set[int]) -> None:
    measured = similarity(shingles(a), shingles(b))

    assert measured == similarity(shingles(b), shingles(a))
    assert measured.jaccard == (len(a & b) / len(a | b) if a | b else 0.0)


@pytest.mark.parametrize(("other", "jaccard"), [({2, 3, 4, 5}, 0.6), ({9}, 0.0), ({1, 2, 3, 4}, 1.0)])
def test_jaccard_of_a_document_with_others(other: set[int], jaccard: float) -> None:
    assert similarity(shingles({1, 2, 3, 4}), shingles(other)).jaccard == jaccard
