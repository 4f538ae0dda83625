"""Gradient-boosted trees as arrays: loading them, and their compiled evaluation in integers."""

import functools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached, inlined

MODEL_FILE = Path(__file__).parent / "models" / "salient.npz"
SCALE = 1 << 16  # a leaf holds its value times this number
I16 = npt.NDArray[np.int16]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]


class BlockTrees(NamedTuple):
    """The trees of one pass of the model, one after the other.

    Attributes:
        columns: int16[nodes], feature that a node compares; -1: a leaf.
        thresholds: float32[nodes], the left branch is taken for values that are not above it.
        branches: int16[nodes, 2], the left and right node, counted from the root of their tree.
        values: int32[nodes], what a leaf adds, in units of 1 / SCALE of the logit.
        roots: int64[trees], where every tree begins.
    """

    columns: I16
    thresholds: F32
    branches: I16
    values: npt.NDArray[np.int32]
    roots: I64


class SalientModel(NamedTuple):
    """The trees of the model.

    Attributes:
        first: the first pass, on the features of a block.
        second: the second pass, on the scores of the first too.
    """

    first: BlockTrees
    second: BlockTrees


@functools.cache
def load_model(path: Path = MODEL_FILE) -> SalientModel:
    """Return the model. Raises FileNotFoundError."""
    with np.load(path, allow_pickle=False) as arrays:
        return SalientModel(
            *(BlockTrees(*(arrays[f"{part}_{name}"] for name in BlockTrees._fields)) for part in SalientModel._fields)
        )


def save_model(model: SalientModel, path: Path) -> None:
    """Write a model."""
    arrays = {
        f"{part}_{name}": getattr(trees, name)
        for part, trees in zip(SalientModel._fields, model, strict=True)
        for name in BlockTrees._fields
    }
    np.savez_compressed(path, **arrays)


def block_logits(trees: BlockTrees, features: F32) -> I64:
    """Return the sum of the trees for every row of a matrix, in units of 1 / SCALE.

    The sum is one of integers, so it is the same on every machine and in any order.
    """
    sums = np.zeros(len(features), np.int64)
    _add_trees(features, trees, sums)
    return sums


@compiled
def _linked_nodes(trees: BlockTrees) -> I32:
    """Return int32[nodes, 3]: the feature of a node, and the nodes that follow; a leaf is followed by itself."""
    nodes = np.empty((len(trees.columns), 3), np.int32)
    for tree in range(len(trees.roots)):
        root = trees.roots[tree]
        end = trees.roots[tree + 1] if tree + 1 < len(trees.roots) else len(nodes)
        for node in range(root, end):
            is_leaf = trees.columns[node] < 0
            nodes[node, 0] = 0 if is_leaf else trees.columns[node]
            for side in range(2):
                nodes[node, 1 + side] = node if is_leaf else root + trees.branches[node, side]
    return nodes


@inlined
def _next_node(features: F32, row: int, nodes: I32, thresholds: F32, node: np.int64) -> np.int64:
    above = 1 if features[row, nodes[node, 0]] > thresholds[node] else 0
    return np.int64(nodes[node, 1 + above])


@compiled_and_cached
def _add_trees(features: F32, trees: BlockTrees, sums: I64) -> None:
    """Add the value of every tree to the sum of every row, four rows at a time.

    All trees and a few rows are in the processor's cache, all rows are not. A node waits for the one before it, so the
    rows walk down a tree side by side; a leaf leads to itself, where a row waits for the others.
    """
    nodes, columns = _linked_nodes(trees), trees.columns
    last = len(features) - 1
    for row in range(0, len(features), 4):
        rows = (row, min(row + 1, last), min(row + 2, last), min(row + 3, last))
        for root in trees.roots:
            first = second = third = fourth = root
            # The column of a leaf is -1, so the sign is that of leaves alone.
            while (columns[first] & columns[second] & columns[third] & columns[fourth]) >= 0:
                first = _next_node(features, rows[0], nodes, trees.thresholds, first)
                second = _next_node(features, rows[1], nodes, trees.thresholds, second)
                third = _next_node(features, rows[2], nodes, trees.thresholds, third)
                fourth = _next_node(features, rows[3], nodes, trees.thresholds, fourth)
            sums[row] += trees.values[first]
            if row + 1 <= last:
                sums[row + 1] += trees.values[second]
            if row + 2 <= last:
                sums[row + 2] += trees.values[third]
            if row + 3 <= last:
                sums[row + 3] += trees.values[fourth]


def per_mille(logits: I64) -> I64:
    """Return probabilities in thousandths, rounded down, by a table of the logistic function in steps of 1/16."""
    places = np.clip((logits >> 12) + len(_LOGISTIC) // 2, 0, len(_LOGISTIC) - 1)
    probabilities: I64 = _LOGISTIC[places]
    return probabilities


# 256 steps of 1/16 from -8 to 8; computed once, far from any bound between two integers that machines could differ on.
_LOGISTIC = np.floor(1000 / (1 + np.exp(-(np.arange(256) - 127.5) / 16))).astype(np.int64)
