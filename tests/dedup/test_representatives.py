"""Removal by representative as functions of values, against comparing all with all in the order of the ranks."""

import itertools
from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.dedup.pair_windows import PairWindows
from massivetext.dedup.representatives import (
    I64,
    MAX_ROUNDS,
    Choice,
    Crowds,
    choose_representatives,
    components,
    diameter,
)

EDGES = st.sets(st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda pair: pair[0] < pair[1]), max_size=50)


def array(pairs: object) -> I64:
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)  # type: ignore[call-overload]


def in_order_of_rank(documents: int, edges: set[tuple[int, int]]) -> list[int]:
    """The definition: each document goes to the first kept one that it resembles."""
    keepers: list[int] = []
    for place in range(documents):
        similar = [other for other in range(place) if keepers[other] == other and (other, place) in edges]
        keepers.append(min(similar, default=place))
    return keepers


class Measured:
    """True similarities, and what of them has been asked for."""

    def __init__(self, edges: set[tuple[int, int]], known: set[tuple[int, int]]) -> None:
        self.edges, self.known = edges, set(known)

    def __call__(self, _round: int, wanted: I64) -> tuple[int, I64]:
        """Measure what is not yet known."""
        new = {(a, b) for a, b in wanted.tolist()} - self.known
        self.known |= new
        return len(new), array(new & self.edges)

    def join(self, groups: list[I64]) -> tuple[I64, I64]:
        """Find all true pairs within each group."""
        pairs = {pair for group in groups for pair in itertools.combinations(group.tolist(), 2)}
        return array(self.edges & pairs), np.zeros(0, np.int64)


def chosen(
    documents: int,
    measured: Measured,
    crowds: list[list[int]] | None = None,
    *,
    max_bucket: int = 64,
    window_pairs: int = 1 << 20,
) -> Choice:
    def rows() -> Iterator[Crowds]:
        for number, crowd in enumerate(crowds or []):
            yield np.full(len(crowd), number, np.uint64), np.array(crowd, np.int64)

    with PairWindows(documents, 1000, window_pairs=window_pairs) as pairs:
        pairs.add(array(measured.known & measured.edges))
        return choose_representatives(documents, pairs, rows, measured, measured.join, max_bucket)


@given(EDGES, st.sampled_from([1 << 20, 300]))
def test_with_every_pair_known_the_documents_go_in_the_order_of_their_ranks(
    edges: set[tuple[int, int]], window_pairs: int
) -> None:
    every = set(itertools.combinations(range(20), 2))
    choice = chosen(20, Measured(edges, every), window_pairs=window_pairs)

    assert choice.keepers.tolist() == in_order_of_rank(20, edges)
    assert (choice.rounds, choice.unmeasured) == (0, 0)


@given(EDGES, EDGES, st.lists(st.sets(st.integers(0, 19)).map(sorted), max_size=3), st.integers(1, 5))
def test_whatever_is_known_at_first_each_removed_one_resembles_a_kept_one_and_no_two_kept_do(
    edges: set[tuple[int, int]], known: set[tuple[int, int]], crowds: list[list[int]], max_bucket: int
) -> None:
    measured = Measured(edges, known)
    choice = chosen(20, measured, crowds, max_bucket=max_bucket)
    keepers = choice.keepers.tolist()
    kept = [place for place in range(20) if keepers[place] == place]

    for place in set(range(20)) - set(kept):
        assert keepers[keepers[place]] == keepers[place] < place
        assert (keepers[place], place) in measured.known & edges
    assert not measured.known & edges & set(itertools.combinations(kept, 2))
    assert choice.unmeasured == 0
    for crowd in crowds:  # no two that stay resemble each other; the first ones were compared with all others
        staying = [place for place in crowd if place in kept]
        for first, later in itertools.combinations(staying, 2):
            assert (first, later) not in edges
            assert (first, later) in measured.known or staying.index(first) >= max_bucket
    again = chosen(
        20,
        Measured({(a, b) for a, b in edges if a in kept and b in kept}, set()),
        [[place for place in crowd if place in kept] for crowd in crowds],
        max_bucket=max_bucket,
    )
    assert all(again.keepers[place] == place for place in kept)


@given(EDGES, st.lists(st.sets(st.integers(0, 19)).map(sorted), max_size=3))
def test_a_crowd_of_all_documents_is_as_good_as_every_pair(
    edges: set[tuple[int, int]], crowds: list[list[int]]
) -> None:
    choice = chosen(20, Measured(edges, set()), [*crowds, list(range(20))])
    kept = [place for place, keeper in enumerate(choice.keepers.tolist()) if keeper == place]

    # What goes may have been measured with another kept document first.
    assert kept == [place for place, keeper in enumerate(in_order_of_rank(20, edges)) if keeper == place]


@settings(max_examples=30)
@given(EDGES, EDGES, st.lists(st.sets(st.integers(0, 19)).map(sorted), max_size=3), st.integers(0, 99))
def test_documents_apart_from_each_other_do_not_influence_each_other(
    edges: set[tuple[int, int]], known: set[tuple[int, int]], crowds: list[list[int]], seed: int
) -> None:
    alone = chosen(20, Measured(edges, known), crowds, max_bucket=2).keepers.tolist()
    order = Random(seed).sample(range(40), 40)
    mine, others = sorted(order[:20]), sorted(order[20:])
    places: list[dict[int, int]] = [dict(enumerate(each)) for each in (mine, others)]

    def both(pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
        return {(each[a], each[b]) for each in places for a, b in pairs}

    crowded = [[each[place] for place in crowd] for each in places for crowd in crowds]
    together = chosen(40, Measured(both(edges), both(known)), crowded, max_bucket=2).keepers

    for each in places:
        assert [each[keeper] for keeper in alone] == together[list(each.values())].tolist()


def test_a_flood_takes_one_round_and_a_pair_per_document() -> None:
    every = set(itertools.combinations(range(300), 2))
    measured = Measured(every, set())
    choice = chosen(300, measured, [list(range(300))])

    assert set(choice.keepers.tolist()) == {0}
    assert (choice.rounds, len(measured.known)) == (1, 299)


def test_the_documents_of_a_lost_keeper_do_not_come_back_one_by_one() -> None:
    # 1 stands for all others, which resemble each other too; then 0 turns out to be like all of them.
    every = set(itertools.combinations(range(100), 2))
    measured = Measured(
        every, {(a, b) for a, b in every if a > 0 and b <= a + 3} | {(1, place) for place in range(2, 100)}
    )
    choice = chosen(100, measured, [[0, 1]])

    assert set(choice.keepers.tolist()) == {0}
    assert choice.rounds == 2


def test_a_variant_that_no_band_brought_to_the_kept_one_is_measured_with_it() -> None:
    # 0 is like all; 3 met only 1 and 2.
    edges = set(itertools.combinations(range(4), 2))
    measured = Measured(edges, edges - {(0, 3)})
    choice = chosen(4, measured)

    assert choice.keepers.tolist() == [0, 0, 0, 0]
    assert choice.rounds == 1


@pytest.mark.parametrize("length", [2, 7, 100_000])
def test_a_chain_keeps_every_document_that_resembles_no_kept_one(length: int) -> None:
    # Ranks along the chain: every second one goes.
    edges = {(place, place + 1) for place in range(length - 1)}
    measured = Measured(edges, edges)
    choice = chosen(length, measured, window_pairs=100)

    assert choice.keepers.tolist() == [place - place % 2 for place in range(length)]
    assert choice.rounds == (1 if length > 2 else 0)


@pytest.mark.parametrize("kinds", [1, 50, 200])
def test_rounds_stay_below_their_bound_on_random_crowds(kinds: int) -> None:
    random = Random(kinds)
    kind = [random.randrange(kinds) for _ in range(1000)]
    edges = {(a, b) for a, b in itertools.combinations(range(1000), 2) if kind[a] == kind[b] and random.random() < 0.9}
    crowds = [sorted(random.sample(range(1000), 200)) for _ in range(32)]
    measured = Measured(edges, set())
    choice = chosen(1000, measured, crowds)

    assert choice.unmeasured == 0
    assert choice.rounds <= MAX_ROUNDS // 2


@given(EDGES)
def test_components_and_diameters_equal_a_plain_search(edges: set[tuple[int, int]]) -> None:
    with PairWindows(20, 1000, window_pairs=300) as pairs:
        pairs.add(array(edges))
        found = components(20, pairs).tolist()
    distances = {start: distances_from(start, edges) for start in range(20)}

    assert found == [min(distances[place]) for place in range(20)]
    for first in {place for place in found if found.count(place) > 1}:
        mine = {pair for pair in edges if found[pair[0]] == first}
        longest = max(max(distances[place].values()) for place in distances[first])
        assert longest / 2 <= diameter(array(mine)) <= longest


def distances_from(start: int, edges: set[tuple[int, int]]) -> dict[int, int]:
    found, waiting = {start: 0}, [start]
    for node in waiting:
        for other in [a + b - node for a, b in edges if node in (a, b)]:
            if other not in found:
                found[other] = found[node] + 1
                waiting.append(other)
    return found


def test_the_diameter_of_a_chain_is_exact() -> None:
    # 3-0-1-4-2: four steps.
    assert diameter(array([(0, 3), (0, 1), (1, 4), (2, 4)])) == 4
