"""All similar pairs of some sets, against comparing all with all."""

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.set_join import I64, Joined, similar_pairs
from massivetext.schema import U64

SETS = st.lists(st.sets(st.integers(0, 25), max_size=14), max_size=14)


def joined(sets: list[set[int]], threshold: float, longest_list: int = 256) -> Joined:
    bounds: I64 = np.cumsum([0, *map(len, sets)])
    shingles: U64 = np.array([value for each in sets for value in sorted(each)], np.uint64)
    return similar_pairs(shingles, bounds, threshold, longest_list=longest_list)


def by_definition(sets: list[set[int]], threshold: float) -> list[list[int]]:
    found = [
        [one, two]
        for one, two in combinations(range(len(sets)), 2)
        if sets[one] | sets[two] and len(sets[one] & sets[two]) / len(sets[one] | sets[two]) > threshold
    ]
    return sorted(found, key=lambda pair: pair[::-1])


@given(SETS, st.sampled_from([0.0, 0.3, 0.5, 0.75, 0.8, 0.95, 1.0]))
def test_every_similar_pair_is_found_and_no_other(sets: list[set[int]], threshold: float) -> None:
    found = joined(sets, threshold)

    assert found.pairs.tolist() == by_definition(sets, threshold)
    assert not found.uncompared.any()


@pytest.mark.parametrize("threshold", [0.6, 0.8])
def test_of_sets_with_a_common_part_all_pairs_are_found(threshold: float) -> None:
    random = Random(3)
    template = set(range(70))
    own = [set(random.sample(range(1000, 9000), 25)) for _ in range(150)]
    sets = [template | each | {20_000 + copy} for each in own for copy in (0, 1)]  # each with a near-duplicate

    assert joined(sets, threshold).pairs.tolist() == by_definition(sets, threshold)
    assert len(by_definition(sets, 0.8)) == 150


@given(SETS, st.integers(1, 3))
def test_what_a_short_list_leaves_out_is_told(sets: list[set[int]], longest_list: int) -> None:
    found, whole = joined(sets, 0.5, longest_list), by_definition(sets, 0.5)
    missing = [pair for pair in whole if pair not in found.pairs.tolist()]

    assert all(pair in whole for pair in found.pairs.tolist())
    assert all(found.uncompared[later] for _, later in missing)
