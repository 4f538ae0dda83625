"""Clusters of duplicates: connected components, and the keeper of each."""

import numpy as np
import numpy.typing as npt

from massivetext.dedup.candidates import Pairs
from massivetext.schema import U64

I64 = npt.NDArray[np.int64]


def connected_components(edges: Pairs) -> tuple[U64, I64]:
    """Return the connected components of an undirected graph.

    In each round every root takes the smallest neighbouring root as its parent, trees are flattened by pointer jumping,
    and edges are replaced by edges between roots, until no edge is left. A round is linear in the remaining edges, and
    their number falls quickly (Liu and Tarjan 2019 bound the rounds by O(log**2 n); real graphs take a handful).

    Args:
        edges: uint64[k, 2] of any document references; loops, repeated and reversed edges are allowed.

    Returns:
        (nodes, labels): the distinct references, ascending; and for each the position in ``nodes`` of the smallest
        reference of its component. Both are empty for no edges. The order of the edges does not matter.
    """
    nodes, ends = np.unique(edges, return_inverse=True)
    live: I64 = ends.reshape(-1, 2).astype(np.int64)
    parent = np.arange(len(nodes), dtype=np.int64)
    while len(live := live[live[:, 0] != live[:, 1]]):
        low, high = live.min(axis=1), live.max(axis=1)
        np.minimum.at(parent, high, low)  # a parent is smaller than its child, so no cycle can form
        parent = _flatten(parent)
        live = parent[live]
    return nodes.astype(np.uint64), parent


def _flatten(parent: I64) -> I64:
    while not np.array_equal(grandparent := parent[parent], parent):
        parent = grandparent
    return parent


def keepers(nodes: U64, labels: I64, ranks: U64) -> U64:
    """Return the keeper of each node's component: the document with the smallest (rank, document reference).

    Args:
        nodes: document references, from :func:`connected_components`.
        labels: component of each node, from there.
        ranks: :func:`massivetext.dedup.keeper.keeper_rank` of each node.

    Raises:
        ValueError: the arrays differ in length.
    """
    if not len(nodes) == len(labels) == len(ranks):
        raise ValueError(
            f"keepers: want one label and one rank per node, got {len(nodes)} nodes, {len(labels)} and {len(ranks)}"
        )
    order = np.lexsort((nodes, ranks, labels))
    sorted_labels = labels[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = sorted_labels[1:] != sorted_labels[:-1]
    kept = np.empty(len(nodes), dtype=np.uint64)
    kept[order] = nodes[order][first][np.cumsum(first) - 1]
    return kept
