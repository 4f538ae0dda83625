"""Labels for the blocks of a page from its main text, and the scores that compare two texts."""

import html
import re
from collections import Counter
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled_and_cached
from massivetext.extract.tag_scanner import ScannedPage
from massivetext.extract.tags import tag_number

_WORD = re.compile(r"[^\W\u3040-\u9fff]+|[\u3040-\u9fff]")
_MOST_CELLS = 250_000_000  # of the matrix of an alignment: 250 MB
T = TypeVar("T", str, tuple[str, ...])
I32 = npt.NDArray[np.int32]


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; a character of Chinese or Japanese is a word."""
    return _WORD.findall(text.lower())


def block_texts(scanned: ScannedPage, page: bytes) -> list[str]:
    """Return the plain text of every block."""
    texts = []
    is_text = scanned.elements["tag"][scanned.pieces["element"]] != tag_number("math")
    for first, last in zip(scanned.blocks["first"].tolist(), scanned.blocks["last"].tolist(), strict=True):
        pieces = scanned.pieces[first:last]
        ranges = zip(pieces["start"].tolist(), pieces["end"].tolist(), is_text[first:last].tolist(), strict=True)
        text = b"".join(page[a:b] if b > 0 and wanted else b"\n" if b == 0 else b" " for a, b, wanted in ranges)
        texts.append(html.unescape(text.decode(errors="replace")).replace("\xad", ""))
    return texts


def label_blocks(texts: list[str], main_text: str) -> npt.NDArray[np.float64] | None:
    """Return the share of the words of every block that are in the main text; None for a page too large to align.

    The words of the page and of the main text are aligned in order; runs of equal words count more than single ones.
    """
    numbers: dict[str, int] = {}
    words = [[numbers.setdefault(word, len(numbers)) for word in words_of(text)] for text in texts]
    page = np.array([word for block in words for word in block], np.int32)
    main = np.array([numbers.get(word, -1) for word in words_of(main_text)], np.int32)
    if len(page) * len(main) > _MOST_CELLS:
        return None
    matched = _align(page, main)
    ends = np.cumsum([len(block) for block in words])
    sums = np.concatenate(([0], np.cumsum(matched)))
    sizes = np.array([len(block) for block in words])
    shares: npt.NDArray[np.float64] = (sums[ends] - sums[ends - sizes]) / np.maximum(sizes, 1)
    return shares


@compiled_and_cached
def _align(  # noqa: C901 - one matrix, forwards and back
    page: I32, main: I32
) -> npt.NDArray[np.int64]:
    """Return 1 for every word of the page that the best alignment pairs with a word of the main text, else 0."""
    rows, columns = len(page), len(main)
    steps = np.zeros((rows + 1, columns + 1), np.uint8)  # 1: paired; 2: skip a word of the page; 4: the run goes on
    best, run = np.zeros(columns + 1, np.int32), np.full(columns + 1, -1, np.int32)
    for row in range(1, rows + 1):
        corner, corner_run = best[0], run[0]
        for column in range(1, columns + 1):
            above, above_run = best[column], run[column]
            left = best[column - 1]
            paired, step = -1, 0
            if page[row - 1] == main[column - 1]:
                paired = corner + 2
                if corner_run >= 0 and corner_run + 10 >= paired:
                    paired = corner_run + 10
                    step = 4
            run[column] = paired
            if paired >= above and paired >= left:
                best[column] = paired
                step |= 1
            elif above >= left:
                best[column] = above
                step |= 2
            else:
                best[column] = left
            steps[row, column] = step
            corner, corner_run = above, above_run
    matched = np.zeros(rows, np.int64)
    row, column, inside = rows, columns, False
    while row > 0 and column > 0:
        step = steps[row, column]
        if inside or step & 1:
            matched[row - 1] = 1
            inside = step & 4 != 0
            row -= 1
            column -= 1
        elif step & 2:
            row -= 1
        else:
            column -= 1
    return matched


def word_f1(text: str, gold: str) -> float:
    """Return the F1 of the words of a text beside those of the gold text, counted, 0 to 1; 1 if both are empty."""
    return _f1(Counter(words_of(text)), Counter(words_of(gold)))


def shingle_f1(text: str, gold: str) -> float:
    """Return the F1 of the runs of four words of a text beside those of the gold text, 0 to 1."""
    return _f1(_shingles(words_of(text)), _shingles(words_of(gold)))


def _shingles(words: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[step:] for step in range(min(4, max(len(words), 1)))), strict=False))


def _f1(found: Counter[T], wanted: Counter[T]) -> float:
    both = sum((found & wanted).values())
    total = sum(found.values()) + sum(wanted.values())
    return 2 * both / total if total else 1.0
