"""The set of page ids of a dump."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from massivetext.sources.wiki.seen_ids import SeenIds

IDS = st.one_of(
    st.integers(0, 40).map(str), st.integers(2**28, 2**28 + 2).map(str), st.sampled_from(["", "007", "7", "a", "٧"])
)


@given(st.lists(IDS, max_size=60))
def test_it_says_what_a_set_says(ids: list[str]) -> None:
    seen, twin = SeenIds(), set[str]()
    for each in ids:
        assert seen.add(each) == (each not in twin)
        twin.add(each)


def test_the_largest_number_of_a_bit_and_the_first_of_none() -> None:
    seen = SeenIds()

    assert [seen.add(str(2**28 - 1 + step)) for step in (0, 1, 0, 1)] == [True, True, False, False]


def test_pages_take_a_bit_each() -> None:
    seen = SeenIds()
    tracemalloc.start()
    try:
        for number in range(1, 100_001):
            seen.add(str(number))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert size < 100_000
