"""Train the model of `extractor = "salient"` and write it, with its card, into the package.

    pip install lightgbm==4.7.0
    python benchmarks/extraction_model.py [--data ../shared/data] [--cache FOLDER] [--quick] [--out FOLDER]
    python benchmarks/extraction_model.py --cache FOLDER --folds MODELS

The labels come from two places. On the six page types of WCXB other than articles they are its golds. On articles and
pages of unknown type they are, by halves, the decisions of `extractor = "trafilatura"` and the golds where there are
some, since the makers of these disagree about titles, captions and comments. A block is labelled by the share of its
words that an alignment finds in that text.

The model of the package is trained on all pages. With --folds there are as many models as folds of sites instead, each
trained without the pages of one; `benchmarks/extraction.py --models MODELS` measures every page with the one that has
seen no page of its site.

The first pass is trained on all features of a block and its surroundings; the
second sees its scores too, made for training by models of the other half of the sites. LightGBM runs in its
deterministic mode with fixed seeds and rows in order, so the same versions write the same model. Labelling takes about
ten minutes on two cores, and with --cache it is done once; a model then takes one to two minutes. ``--quick``
takes every tenth page, to try the script.
"""

import argparse
import itertools
import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from block_labels import block_texts, label_blocks
from web_pages import FOLDS, WebPage, fold_model, read_web_pages

from massivetext.extract import extract
from massivetext.extract.block_counts import BlockCount
from massivetext.extract.block_features import FEATURES, FIRST_SCORE, PageBlocks, add_scores
from massivetext.extract.block_trees import (
    MODEL_FILE,
    SCALE,
    BlockTrees,
    SalientModel,
    block_logits,
    per_mille,
    save_model,
)
from massivetext.extract.salient import page_bytes, read_blocks
from massivetext.extract.tag_scanner import ScannedPage

ROOT = Path(__file__).resolve().parents[1]
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 31,
    "learning_rate": 0.1,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 2.0,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "seed": 1,
    "verbose": -1,
}
TREES = 100
QUICK_STEP = 10
_MOST_ROWS = 40  # of one page in training
_MOST_ROWS_BY_HAND = 120
_BY_HAND_WEIGHT = 4.0
_SHORTEST = 200  # characters that the teacher must find on a page that it teaches
F64 = npt.NDArray[np.float64]


class LabelledPage(NamedTuple):
    """A page with its features, its labels and the fold that it is in.

    Attributes:
        fold: see :attr:`WebPage.fold`.
        by_hand: whether the labels are from a gold alone.
        scanned: the page without its bytes.
        blocks: its features.
        labels: shares of the words of every block in the main text, as one or two teachers see it.
    """

    fold: int
    by_hand: bool
    scanned: ScannedPage
    blocks: PageBlocks
    labels: list[F64]


def label_page(page: WebPage) -> LabelledPage | None:
    """Return a page with labels; None if it has no blocks, is too large to align, or its teachers find no text."""
    by_hand = page.source == "wcxb" and page.page_type != "article"
    data = page_bytes(page.html)
    scanned, blocks = read_blocks(data, page.url)
    if len(scanned.blocks) == 0:
        return None
    taught = "" if by_hand else extract(page.html, page.url, "trafilatura").text
    wanted = ([page.gold] if page.gold else []) + ([taught] if len(taught) >= _SHORTEST else [])
    texts = block_texts(scanned, data)
    labels = [label for text in wanted if (label := label_blocks(texts, text)) is not None]
    stored = scanned._replace(data=scanned.data[:0])
    return LabelledPage(page.fold, by_hand, stored, blocks, labels) if labels else None


def _labelled(data: Path, cache: Path | None, *, quick: bool) -> list[LabelledPage]:
    file = cache / ("labelled_quick.pickle" if quick else "labelled.pickle") if cache else None
    if file and file.is_file():
        with file.open("rb") as stored:
            return list(pickle.load(stored))  # written by this script
    chosen = itertools.islice(read_web_pages(data), 0, None, QUICK_STEP if quick else 1)
    with ProcessPoolExecutor(2) as pool:
        pages = [page for page in pool.map(label_page, chosen, chunksize=8) if page is not None]
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as target:
            pickle.dump(pages, target, protocol=5)
    return pages


def _rows(pages: Sequence[LabelledPage], columns: int) -> tuple[npt.NDArray[np.float32], F64, F64]:
    """Return features, labels and weights of the blocks to train on; long pages give every n-th block."""
    features, labels, weights = [], [], []
    for number, page in enumerate(pages):
        size = len(page.blocks.features)
        step = -(-size // (_MOST_ROWS_BY_HAND if page.by_hand else _MOST_ROWS))
        chosen = np.arange(number % step, size, step)
        words = (np.minimum(page.blocks.counts[chosen, BlockCount.WORDS], 80) + 2.0) ** 0.8
        for shares in page.labels:
            features.append(page.blocks.features[chosen, :columns])
            labels.append((shares[chosen] >= 0.5).astype(np.float64))
            weight = _BY_HAND_WEIGHT if page.by_hand else 1 / len(page.labels)
            weights.append(words / words.sum() ** 0.6 * weight)
    return np.concatenate(features), np.concatenate(labels), np.concatenate(weights)


def train_pass(pages: Sequence[LabelledPage], columns: int) -> BlockTrees:
    """Return trees over the first columns of the features of some pages."""
    import lightgbm

    features, labels, weights = _rows(pages, columns)
    model = lightgbm.train(PARAMETERS, lightgbm.Dataset(features, labels, weight=weights), TREES)
    return as_arrays(model.dump_model()["tree_info"])


def as_arrays(trees: Sequence[dict[str, object]]) -> BlockTrees:
    """Return trees of LightGBM as arrays."""
    columns: list[int] = []
    thresholds: list[float] = []
    branches: list[tuple[int, int]] = []
    values: list[int] = []
    roots: list[int] = []
    for tree in trees:
        roots.append(len(columns))
        for node in _in_order(tree["tree_structure"]):
            is_leaf = "leaf_value" in node
            columns.append(-1 if is_leaf else int(node["split_feature"]))
            thresholds.append(0.0 if is_leaf else float(np.float32(node["threshold"])))
            branches.append((0, 0) if is_leaf else (node["left_child"]["number"], node["right_child"]["number"]))
            values.append(round(node["leaf_value"] * SCALE) if is_leaf else 0)
    return BlockTrees(
        np.array(columns, np.int16),
        np.array(thresholds, np.float32),
        np.array(branches, np.int16),
        np.array(values, np.int32),
        np.array(roots, np.int64),
    )


def _in_order(root) -> Iterator[dict]:  # type: ignore[no-untyped-def, type-arg]
    """Number the nodes of a tree, parents first, and yield them in this order."""
    queue = [root]
    for number, node in enumerate(queue):  # grows while it is read
        node["number"] = number
        queue += [node[side] for side in ("left_child", "right_child") if side in node]
    yield from queue


def _score(pages: Sequence[LabelledPage], trees: BlockTrees) -> None:
    """Fill in the scores of the first pass."""
    for page in pages:
        scores = per_mille(block_logits(trees, page.blocks.features[:, :FIRST_SCORE]))
        scanned, blocks = page.scanned, page.blocks
        add_scores(
            scanned.elements, scanned.blocks[: len(scores)], blocks.counts, blocks.wider, scores, blocks.features
        )


def train_model(pages: Sequence[LabelledPage], file: Path) -> None:
    """Train a model on some pages and write it. The scores in the features of the pages are overwritten."""
    folds = sorted({page.fold for page in pages})
    halves = [[page for page in pages if folds.index(page.fold) % 2 == half] for half in (0, 1)]
    for half in (0, 1):
        _score(halves[half], train_pass(halves[1 - half], FIRST_SCORE))
    second = train_pass(pages, FEATURES)
    first = train_pass(pages, FIRST_SCORE)
    save_model(SalientModel(first, second), file)


def main(arguments: list[str] | None = None) -> None:
    """Train, write the model or models, print a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=MODEL_FILE.parent)
    parser.add_argument("--folds", type=Path, help="write one model for each fold into this folder, and not --out")
    options = parser.parse_args(arguments)
    pages = _labelled(options.data, options.cache, quick=options.quick)
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / MODEL_FILE.name
    if options.folds:
        options.folds.mkdir(parents=True, exist_ok=True)
        for fold in range(FOLDS):
            file = options.folds / fold_model(fold)
            train_model([page for page in pages if page.fold != fold], file)
    else:
        train_model(pages, file)
    by_hand = sum(page.by_hand for page in pages)
    print(json.dumps({"pages": len(pages), "by_hand": by_hand, "bytes": file.stat().st_size}), file=sys.stdout)


if __name__ == "__main__":
    main()
