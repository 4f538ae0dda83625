"""Components by rounds, against components in one process."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.candidates import Pairs
from massivetext.dedup.clusters import connected_components
from massivetext.dedup.star_rounds import both_directions, labels_of, large_star, small_star
from massivetext.hashing import mix64
from massivetext.schema import U64

EDGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda edge: edge[0] != edge[1]), max_size=40)


def by_rounds(edges: Pairs, workers: int) -> tuple[dict[int, int], int]:
    """(label of every node, number of rounds), each worker knowing the edges of its nodes only."""

    def deal(parts: list[Pairs]) -> list[Pairs]:
        every = np.concatenate(parts)
        owners = mix64(every[:, 0]) % np.uint64(workers)
        return [every[owners == worker] for worker in range(workers)]

    held, rounds, changed = deal([both_directions(edges)]), 0, 1
    while changed:
        rounds, changed = rounds + 1, 0
        for star in (large_star, small_star):
            found = [star(each) for each in held]
            changed += sum(each.changed for each in found)
            held = deal([each.edges for each in found])
    labels: dict[int, int] = {}
    for each in held:
        nodes, smallest = labels_of(np.unique(each, axis=0))
        labels |= dict(zip(nodes.tolist(), smallest.tolist(), strict=True))
    return labels, rounds


def in_one_process(edges: Pairs) -> dict[int, int]:
    nodes, labels = connected_components(edges)
    return dict(zip(nodes.tolist(), nodes[labels].tolist(), strict=True))


@given(EDGES, st.integers(1, 4))
def test_rounds_find_the_components(edges: list[tuple[int, int]], workers: int) -> None:
    array: Pairs = np.array(edges, np.uint64).reshape(-1, 2)

    assert by_rounds(array, workers)[0] == in_one_process(array)


def test_a_chain_takes_few_rounds() -> None:
    # In an order that has nothing to do with the numbers of the nodes.
    nodes: U64 = np.random.default_rng(1).permutation(100_000).astype(np.uint64)
    chain = np.stack([nodes[:-1], nodes[1:]], axis=1)
    labels, rounds = by_rounds(chain, 3)

    assert set(labels.values()) == {0}
    assert len(labels) == 100_000
    assert rounds <= 17  # log2(100,000)
