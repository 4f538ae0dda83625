"""Evaluation of boosted trees: the compiled one, four rows at a time, against one node after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.extract.block_trees import BlockTrees, block_logits, load_model


def plain_logits(trees: BlockTrees, features: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> list[int]:
    sums = []
    for row in features:
        total = 0
        for root in trees.roots:
            node = root
            while trees.columns[node] >= 0:
                node = root + trees.branches[node, int(row[trees.columns[node]] > trees.thresholds[node])]
            total += int(trees.values[node])
        sums.append(total)
    return sums


@pytest.mark.parametrize("rows", range(7))
def test_every_number_of_rows(rows: int) -> None:
    trees = load_model().second
    features = np.random.default_rng(rows).normal(0, 300, (rows, trees.columns.max() + 1)).astype(np.float32)

    assert block_logits(trees, features).tolist() == plain_logits(trees, features)


@given(st.integers(0, 2**32 - 1))
def test_trees_of_any_depth(seed: int) -> None:
    draw = np.random.default_rng(seed)
    trees = BlockTrees(
        columns=np.array([-1, 0, -1, -1, 0, 1, -1, -1, -1], np.int16),  # a leaf; one comparison; two
        thresholds=draw.integers(-2, 3, 9).astype(np.float32),
        branches=np.array([[0, 0], [1, 2], [0, 0], [0, 0], [1, 4], [2, 3], [0, 0], [0, 0], [0, 0]], np.int16),
        values=draw.integers(-(2**20), 2**20, 9).astype(np.int32),
        roots=np.array([0, 1, 4], np.int64),
    )
    features = draw.integers(-3, 4, (draw.integers(0, 9), 2)).astype(np.float32)

    assert block_logits(trees, features).tolist() == plain_logits(trees, features)
