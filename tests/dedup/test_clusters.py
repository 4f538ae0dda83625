import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.candidates import Pairs
from massivetext.dedup.clusters import connected_components, keepers
from massivetext.schema import U64

EDGES = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), max_size=60)


def u64(*values: int) -> U64:
    return np.array(values, dtype=np.uint64)


def array(edges: list[tuple[int, int]]) -> Pairs:
    return np.array(edges, dtype=np.uint64).reshape(-1, 2)


def reference(edges: list[tuple[int, int]]) -> dict[int, int]:
    """Smallest address of each node's component, by plain search."""
    neighbours: dict[int, set[int]] = {}
    for a, b in edges:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    smallest: dict[int, int] = {}
    for start in sorted(neighbours):
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in smallest:
                smallest[node] = start
                waiting += neighbours[node]
    return smallest


def test_components_are_labelled_by_the_place_of_their_smallest_address() -> None:
    # 10-30-20 and 5-40; nodes sorted: 5 10 20 30 40, so the labels are the positions 0 (of 5) and 1 (of 10).
    nodes, labels = connected_components(array([(30, 10), (20, 30), (40, 5)]))

    assert nodes.tolist() == [5, 10, 20, 30, 40]
    assert labels.tolist() == [0, 1, 1, 1, 0]
    assert nodes.dtype == np.uint64
    assert labels.dtype == np.int64


def test_no_edges_have_no_components() -> None:
    nodes, labels = connected_components(array([]))

    assert nodes.shape == labels.shape == (0,)
    assert keepers(nodes, labels, u64()).shape == (0,)


def test_a_loop_is_a_component_of_one() -> None:
    nodes, labels = connected_components(array([(7, 7)]))

    assert (nodes.tolist(), labels.tolist()) == ([7], [0])


@given(EDGES)
def test_components_equal_a_plain_search(edges: list[tuple[int, int]]) -> None:
    nodes, labels = connected_components(array(edges))

    assert dict(zip(nodes.tolist(), nodes[labels].tolist(), strict=True)) == reference(edges)


@given(EDGES, st.data())
def test_order_and_direction_of_edges_do_not_matter(edges: list[tuple[int, int]], data: st.DataObject) -> None:
    shuffled = [edge[::-1] for edge in data.draw(st.permutations(edges))]
    once, again = connected_components(array(edges)), connected_components(array(shuffled))

    assert np.array_equal(once[0], again[0])
    assert np.array_equal(once[1], again[1])


def shape(name: str, count: int) -> Pairs:
    """A hard graph of ``count`` edges whose node names are shuffled (but for the chain)."""
    ids = np.arange(count + 1, dtype=np.uint64)
    shuffled = ids * np.uint64(0x9E3779B97F4A7C15)  # odd: one to one, and far from sorted
    if name == "chain":
        return np.stack([ids[:-1], ids[1:]], axis=1)
    if name == "shuffled chain":
        return np.stack([shuffled[:-1], shuffled[1:]], axis=1)
    if name == "star":
        return np.stack([np.full(count, shuffled.max()), np.sort(shuffled)[:-1]], axis=1)
    return np.stack([shuffled[(ids[1:] - np.uint64(1)) // np.uint64(2)], shuffled[1:]], axis=1)  # a binary tree


@pytest.mark.parametrize("name", ["chain", "shuffled chain", "star", "tree"])
def test_a_million_edges_take_seconds(name: str) -> None:
    edges = shape(name, 1_000_000)
    start = time.perf_counter()
    nodes, labels = connected_components(edges)

    assert time.perf_counter() - start < 10
    assert len(nodes) == 1_000_001
    assert not labels.any()


def test_the_smallest_rank_of_a_component_is_kept_then_the_smallest_address() -> None:
    # component 0: references 5 (rank 9), 10 (rank 2), 20 (rank 2): 10. Component 3: 30 (rank 1), 40 (rank 0): 40.
    kept = keepers(u64(5, 10, 20, 30, 40), np.array([0, 0, 0, 3, 3]), u64(9, 2, 2, 1, 0))

    assert kept.tolist() == [10, 10, 10, 40, 40]


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="got 2 nodes, 1 and 2"):
        keepers(u64(1, 2), np.array([0]), u64(0, 0))
