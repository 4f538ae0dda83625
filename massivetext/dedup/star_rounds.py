"""Connected components by rounds in which no worker holds all edges: alternating large and small stars.

Kiveris et al. 2014, "Connected Components in MapReduce and Beyond". The edges of a node are on one worker. A *large
star* connects the larger neighbours of a node with its smallest neighbour, a *small star* the smaller ones. When
neither changes an edge, each component is a star around its smallest node; O(log**2 n) rounds, in practice a handful.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.dedup.candidates import Pairs, distinct_pairs
from massivetext.schema import U64

I64 = npt.NDArray[np.int64]


class StarRound(NamedTuple):
    """What a round makes of the edges of some nodes.

    Attributes:
        edges: uint64[k, 2] (node, neighbour), each edge in both directions; may repeat edges of other workers.
        changed: number of edges that were not there before; when all workers have none in a large and the following
            small star, the components are stars.
    """

    edges: Pairs
    changed: int


def both_directions(edges: Pairs) -> Pairs:
    """Return the edges with each in both directions, distinct and sorted; loops are left out."""
    edges = edges[edges[:, 0] != edges[:, 1]]
    return distinct_pairs(np.concatenate([edges, edges[:, ::-1]]))


def large_star(edges: Pairs) -> StarRound:
    """Connect the larger neighbours of each node with the smallest of it and its neighbours.

    Args:
        edges: uint64[k, 2] (node, neighbour): all edges of some nodes.
    """
    edges = distinct_pairs(edges)
    nodes, ends = edges[:, 0], edges[:, 1]
    smallest = labels_of(edges)[1][_node_numbers(edges)]
    larger = ends > nodes
    found = np.stack([ends[larger], smallest[larger]], axis=1)
    return StarRound(both_directions(found), int(np.count_nonzero(smallest[larger] != nodes[larger])))


def small_star(edges: Pairs) -> StarRound:
    """Connect each node and its smaller neighbours with the smallest of them; edges as for :func:`large_star`."""
    edges = distinct_pairs(edges)
    nodes, ends = edges[:, 0], edges[:, 1]
    smallest = labels_of(edges)[1][_node_numbers(edges)]
    smaller = ends < nodes
    nodes, ends, smallest = nodes[smaller], ends[smaller], smallest[smaller]
    found = np.concatenate([np.stack([ends, smallest], axis=1), np.stack([nodes, smallest], axis=1)])
    return StarRound(both_directions(found), int(np.count_nonzero(ends != smallest)))


def labels_of(edges: Pairs) -> tuple[U64, U64]:
    """Return the distinct nodes, ascending, and for each the smallest of it and its neighbours.

    Args:
        edges: uint64[k, 2] (node, neighbour), sorted by node.
    """
    if not len(edges):
        return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
    starts = np.flatnonzero(np.append(True, edges[1:, 0] != edges[:-1, 0]))
    nodes = edges[starts, 0]
    return nodes, np.minimum(nodes, np.minimum.reduceat(edges[:, 1], starts))


def _node_numbers(edges: Pairs) -> I64:
    new = np.append(False, edges[1:, 0] != edges[:-1, 0]) if len(edges) else np.zeros(0, np.bool_)
    return np.cumsum(new)
