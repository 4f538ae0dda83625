"""What the model sees of every block of a page, as a matrix of numbers."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached, inlined
from massivetext.extract.block_counts import (
    BlockCount,
    Counts,
    count_blocks,
    sum_elements,
    wider_elements,
)
from massivetext.extract.hint_words import HINTS, TEXT_HINTS, HintTrie, text_trie
from massivetext.extract.page_marks import PAGE_MARKS, find_page_marks
from massivetext.extract.page_scan import Records
from massivetext.extract.tag_attributes import find_hints
from massivetext.extract.tag_scanner import ScannedPage
from massivetext.extract.tags import I64, U8, tag_number

MAX_JUDGED = 20_000  # blocks of a page for the model; one in ten thousand pages has more
F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
_AROUND_NAMES = (
    "article main header footer nav aside form ul ol li table td th blockquote figure figcaption section a h1 h2 "
    "h3 h4 label details dl dd pre address p div"
)
_AROUND = tuple(tag_number(name) for name in _AROUND_NAMES.split())
_OWN = 16
_LEVELS = 4
_LEVEL_COLUMNS = 10
_NEAR = (-2, -1, 1, 2)
_NEAR_COLUMNS = 5
PAGE_COLUMNS = len(PAGE_MARKS) + 2
FIRST_HINT = _OWN + 2 + len(_AROUND)  # hints of the element and all around it
FIRST_SHAPE = _OWN + 2 + len(_AROUND) + 2 * len(HINTS)
FIRST_PLACE = FIRST_SHAPE + 4
FIRST_NEAR = FIRST_PLACE + 8
FIRST_LEVEL = FIRST_NEAR + len(_NEAR) * _NEAR_COLUMNS
FIRST_MAIN = FIRST_LEVEL + _LEVELS * _LEVEL_COLUMNS
FIRST_PAGE = FIRST_MAIN + 5
FIRST_TEXT = FIRST_PAGE + 8 + PAGE_COLUMNS
FIRST_SCORE = FIRST_TEXT + 2 * len(TEXT_HINTS) + 1  # columns that the first pass of the model sees
SCORE_COLUMNS = 8 + 3 + 2 * _LEVELS + 3
FEATURES = FIRST_SCORE + SCORE_COLUMNS
_CHARACTERS, _LINKED, _STOPS, _COMMAS, _PROSE, _HEADINGS, _BLOCKS = (int(BlockCount(column)) for column in range(7))
_HINT_COUNT, _AROUND_COUNT, _TEXT_HINT_COUNT = len(HINTS), len(_AROUND), len(TEXT_HINTS)
_HINTED_BYTES = 150  # of the text of a block
_AROUND_TAGS, _NEAR_STEPS = np.array(_AROUND), np.array(_NEAR)


class PageBlocks(NamedTuple):
    """The blocks of a page with what the model needs to know of them.

    Attributes:
        features: float32[blocks, FEATURES] of the first MAX_JUDGED blocks; the last SCORE_COLUMNS are filled by
            :func:`add_scores`.
        counts: int64[blocks, COUNT_COLUMNS] of all blocks; see :class:`BlockCount`.
        wider: see :func:`wider_elements`.
        sums: see :func:`sum_elements`.
    """

    features: F32
    counts: Counts
    wider: I32
    sums: Counts


def measure_blocks(scanned: ScannedPage, page: bytes, url: str | None) -> PageBlocks:
    """Return the features of the blocks of a page."""
    marks = find_page_marks(np.frombuffer(page, np.uint8))
    path = (url or "").partition("://")[2].partition("?")[0].rstrip("/")
    about = np.array([*marks, path.count("/"), len(path)], np.float32)
    return PageBlocks(*_measure(scanned.data, scanned.elements, scanned.pieces, scanned.blocks, about, text_trie()))


@compiled_and_cached
def _measure(
    data: U8, elements: Records, pieces: Records, every_block: Records, about: F32, trie: HintTrie
) -> tuple[F32, Counts, I32, Counts]:
    counts = count_blocks(data, elements, pieces, every_block)
    sums = sum_elements(elements, every_block, counts)
    wider = wider_elements(elements, sums)
    blocks = every_block[:MAX_JUDGED]
    features = np.zeros((len(blocks), FEATURES), np.float32)
    main = _main_element(elements, sums)
    first_block = _first_blocks(elements, blocks)
    for index in range(len(blocks)):
        row = features[index]
        _describe_block(elements, blocks, counts, wider, index, row)
        _describe_neighbours(elements, blocks, counts, index, row)
        _describe_containers(elements, blocks, sums, wider, first_block, index, row)
        _describe_main(elements, blocks, sums, first_block, main, index, row)
        _describe_page(sums, about, len(elements), row)
    _describe_shapes(elements, blocks, counts, features)
    _describe_places(elements, blocks, counts, features)
    _describe_texts(data, pieces, blocks, counts, trie, features)
    return features, counts, wider, sums


@inlined
def _share(part: int, whole: int) -> np.float32:
    return np.float32(part / whole) if whole else np.float32(0)


@compiled
def _describe_block(elements: Records, blocks: Records, counts: Counts, wider: I32, index: int, row: F32) -> None:
    count = counts[index]
    element = elements[blocks[index].element]
    characters = count[_CHARACTERS]
    row[0] = characters
    row[1] = count[7]
    row[2] = count[_LINKED]
    row[3] = _share(count[_LINKED], characters)
    row[4] = count[8]
    row[5] = count[_COMMAS]
    row[6] = count[_STOPS]
    for column in range(9, 12):
        row[column - 2] = _share(count[column], characters)
    row[10] = _share(characters, count[7])
    for column in range(12, 16):
        row[column - 1] = count[column]
    row[15] = blocks[index].images
    row[16] = element.tag
    row[17] = element.depth
    for number in range(_AROUND_COUNT):
        row[18 + number] = element.path >> _AROUND_TAGS[number] & 1
    near = element.own_hints
    other = blocks[index].element
    for _ in range(3):
        other = wider[other]
        near |= elements[other].own_hints
    first = 18 + _AROUND_COUNT
    for bit in range(_HINT_COUNT):
        row[first + bit] = element.hints >> bit & 1
        row[first + _HINT_COUNT + bit] = near >> bit & 1


@compiled
def _describe_neighbours(elements: Records, blocks: Records, counts: Counts, index: int, row: F32) -> None:
    column = FIRST_NEAR
    for step in _NEAR_STEPS:
        other = index + step
        if 0 <= other < len(blocks):
            count = counts[other]
            row[column] = count[_CHARACTERS]
            row[column + 1] = _share(count[_LINKED], count[_CHARACTERS])
            row[column + 2] = count[_STOPS]
            row[column + 3] = elements[blocks[other].element].tag
            row[column + 4] = elements[blocks[other].element].parent == elements[blocks[index].element].parent
        else:
            row[column] = -1
        column += _NEAR_COLUMNS


@compiled
def _first_blocks(elements: Records, blocks: Records) -> I32:
    """Return for every element the number of the first block within it, -1 if there is none."""
    first = np.full(len(elements), -1, np.int32)
    for index in range(len(blocks) - 1, -1, -1):
        first[blocks[index].element] = index
    for index in range(len(elements) - 1, 0, -1):
        parent = elements[index].parent
        if first[index] >= 0 and (first[parent] < 0 or first[index] < first[parent]):
            first[parent] = first[index]
    return first


@compiled
def _describe_containers(
    elements: Records, blocks: Records, sums: Counts, wider: I32, first_block: I32, index: int, row: F32
) -> None:
    other = blocks[index].element
    column = FIRST_LEVEL
    for _ in range(_LEVELS):
        other = wider[other]
        total = sums[other]
        row[column] = total[_CHARACTERS]
        row[column + 1] = _share(total[_LINKED], total[_CHARACTERS])
        row[column + 2] = total[_STOPS]
        row[column + 3] = total[_BLOCKS]
        row[column + 4] = _share(total[_PROSE], sums[0, _PROSE])
        row[column + 5] = _share(total[_PROSE], total[_CHARACTERS])
        row[column + 6] = total[_HEADINGS]
        row[column + 7] = elements[other].tag
        row[column + 8] = _share(index - first_block[other], total[_BLOCKS])
        row[column + 9] = _share(total[_CHARACTERS], sums[0, _CHARACTERS])
        column += _LEVEL_COLUMNS


@compiled
def _main_element(elements: Records, sums: Counts) -> int:
    """Return the deepest element that holds 60% of the prose of the page: the last one, as parents come first."""
    found, bound = 0, sums[0, _PROSE] * 6
    for index in range(1, len(elements)):
        if sums[index, _PROSE] * 10 >= bound and elements[index].depth > elements[found].depth:
            found = index
    return found


@compiled
def _describe_main(
    elements: Records, blocks: Records, sums: Counts, first_block: I32, main: int, index: int, row: F32
) -> None:
    first = first_block[main]
    last = first + sums[main, _BLOCKS]
    row[FIRST_MAIN] = first <= index < last
    row[FIRST_MAIN + 1] = index - first
    row[FIRST_MAIN + 2] = last - index
    row[FIRST_MAIN + 3] = elements[blocks[index].element].depth - elements[main].depth
    row[FIRST_MAIN + 4] = _share(sums[main, _CHARACTERS], sums[0, _CHARACTERS])


@compiled
def _describe_page(sums: Counts, about: F32, element_count: int, row: F32) -> None:
    total = sums[0]
    row[FIRST_PAGE] = total[_CHARACTERS]
    row[FIRST_PAGE + 1] = total[_BLOCKS]
    row[FIRST_PAGE + 2] = _share(total[_LINKED], total[_CHARACTERS])
    row[FIRST_PAGE + 3] = _share(total[_PROSE], total[_CHARACTERS])
    row[FIRST_PAGE + 4] = total[_STOPS]
    row[FIRST_PAGE + 5] = total[_HEADINGS]
    row[FIRST_PAGE + 6] = element_count
    row[FIRST_PAGE + 7] = _share(total[_COMMAS], total[_BLOCKS])
    for number in range(PAGE_COLUMNS):
        row[FIRST_PAGE + 8 + number] = about[number]


@compiled
def shape_groups(elements: Records, blocks: Records) -> I32:
    """Return the number of the group of every block: blocks of one shape, that is tags and hints, are together."""
    size = 16
    while size < 2 * len(blocks):
        size *= 2
    keys, groups = np.zeros(size, np.int64), np.zeros(size, np.int32)
    found = np.empty(len(blocks), np.int32)
    used = 0
    for index in range(len(blocks)):
        key = elements[blocks[index].element].shape + 1
        place = (key ^ key >> 23 ^ key >> 41) & (size - 1)
        while keys[place] != 0 and keys[place] != key:
            place = (place + 1) & (size - 1)
        if keys[place] == 0:
            keys[place], groups[place] = key, used
            used += 1
        found[index] = groups[place]
    return found


@compiled
def _describe_shapes(elements: Records, blocks: Records, counts: Counts, features: F32) -> None:
    groups = shape_groups(elements, blocks)
    sums = np.zeros((len(blocks), 4), np.int64)
    for index in range(len(blocks)):
        total = sums[groups[index]]
        total[0] += 1
        total[1] += counts[index, _CHARACTERS]
        total[2] += counts[index, _LINKED]
        total[3] += counts[index, _STOPS]
    for index in range(len(blocks)):
        total, row = sums[groups[index]], features[index]
        row[FIRST_SHAPE] = total[0]
        row[FIRST_SHAPE + 1] = _share(total[1], total[0])
        row[FIRST_SHAPE + 2] = _share(total[2], total[1])
        row[FIRST_SHAPE + 3] = _share(total[3], total[0])


@compiled
def _describe_places(elements: Records, blocks: Records, counts: Counts, features: F32) -> None:
    """Fill in where every block is: from the beginning, from the end, and from the headings before it."""
    total = 0
    for index in range(len(blocks)):
        total += counts[index, _CHARACTERS]
    before = 0
    heading, first_heading = -1, -1
    for index in range(len(blocks)):
        row = features[index]
        row[FIRST_PLACE] = index
        row[FIRST_PLACE + 1] = len(blocks) - index
        row[FIRST_PLACE + 2] = _share(index, len(blocks))
        row[FIRST_PLACE + 3] = _share(before, total)
        row[FIRST_PLACE + 4] = index - heading if heading >= 0 else -1
        row[FIRST_PLACE + 5] = index - first_heading if first_heading >= 0 else -1
        row[FIRST_PLACE + 6] = elements[blocks[heading].element].tag if heading >= 0 else 0
        row[FIRST_PLACE + 7] = before
        before += counts[index, _CHARACTERS]
        if counts[index, _HEADINGS]:
            heading = index
            if elements[blocks[index].element].tag == 3 and first_heading < 0:
                first_heading = index


@compiled
def _describe_texts(data: U8, pieces: Records, blocks: Records, counts: Counts, trie: HintTrie, features: F32) -> None:
    """Fill in the words at the beginning of every block and of the heading before it, and whether it is repeated."""
    size = 16
    while size < 2 * len(blocks):
        size *= 2
    keys, seen = np.zeros(size, np.int64), np.zeros(size, np.int32)
    of_heading = np.int64(0)
    for index in range(len(blocks)):
        hints, key = _read_beginning(data, pieces, blocks[index].first, blocks[index].last, trie)
        if counts[index, _HEADINGS]:
            of_heading = hints
        place = (key ^ key >> 23 ^ key >> 41) & (size - 1)
        while keys[place] != 0 and keys[place] != key:
            place = (place + 1) & (size - 1)
        keys[place] = key
        row = features[index]
        for bit in range(_TEXT_HINT_COUNT):
            row[FIRST_TEXT + bit] = hints >> bit & 1
            row[FIRST_TEXT + _TEXT_HINT_COUNT + bit] = of_heading >> bit & 1
        row[FIRST_TEXT + 2 * _TEXT_HINT_COUNT] = seen[place]
        seen[place] += 1


@compiled
def _read_beginning(data: U8, pieces: Records, first: int, last: int, trie: HintTrie) -> tuple[np.int64, np.int64]:
    """Return the hints in the first bytes of the text of a block, and a hash of them that is not 0."""
    hints, key, left = np.int64(0), np.int64(1), _HINTED_BYTES
    for number in range(first, last):
        piece = pieces[number]
        if piece.end <= piece.start or left <= 0:
            continue
        end = min(piece.end, piece.start + left)
        found, _ = find_hints(data, trie, piece.start, end)
        hints |= found
        for place in range(piece.start, end):
            if data[place] > 32:
                key = (key * 1_000_003 ^ np.int64(data[place])) & 0x3FFFFFFFFFFFFFF
        left -= end - piece.start
    return hints, key | 1


@compiled_and_cached
def add_scores(elements: Records, blocks: Records, counts: Counts, wider: I32, scores: I64, features: F32) -> None:
    """Fill the last columns with the scores of the first pass around every block: neighbours, containers, likes.

    Args:
        elements: see :class:`ScannedPage`.
        blocks: see :class:`ScannedPage`.
        counts: see :class:`PageBlocks`.
        wider: see :class:`PageBlocks`.
        scores: int64[blocks], the first pass's share of text that belongs to the main text, 0 to 1,000.
        features: the matrix, changed in place.
    """
    size = len(blocks)
    weights = np.empty(size, np.int64)
    sums = np.zeros((len(elements), 2), np.int64)
    running = np.zeros((size + 1, 2), np.int64)
    for index in range(size):
        weights[index] = min(counts[index, _CHARACTERS], 500) + 10
        element = blocks[index].element
        sums[element, 0] += weights[index]
        sums[element, 1] += weights[index] * scores[index]
        running[index + 1, 0] = running[index, 0] + weights[index]
        running[index + 1, 1] = running[index, 1] + weights[index] * scores[index]
    for index in range(len(elements) - 1, 0, -1):
        parent = elements[index].parent
        sums[parent, 0] += sums[index, 0]
        sums[parent, 1] += sums[index, 1]
    groups = shape_groups(elements, blocks)
    likes = np.zeros((size, 2), np.int64)
    for index in range(size):
        likes[groups[index], 0] += weights[index]
        likes[groups[index], 1] += weights[index] * scores[index]
    for index in range(size):
        _describe_scores(blocks, wider, scores, sums, running, likes[groups[index]], index, features[index])


@compiled
def _describe_scores(
    blocks: Records, wider: I32, scores: I64, sums: I64, running: I64, like: I64, index: int, row: F32
) -> None:
    size = len(scores)
    column = FIRST_SCORE
    row[column] = scores[index]
    column += 1
    for step in (-3, -2, -1, 1, 2, 3):
        other = index + step
        row[column] = scores[other] if 0 <= other < size else -1
        column += 1
    row[column] = _share(like[1], like[0])
    column += 1
    for reach in (4, 10, 25):
        low, high = max(0, index - reach), min(size, index + reach + 1)
        row[column] = _share(running[high, 1] - running[low, 1], running[high, 0] - running[low, 0])
        column += 1
    other = blocks[index].element
    for _ in range(_LEVELS):
        other = wider[other]
        row[column] = _share(sums[other, 1], sums[other, 0])
        row[column + 1] = _share(sums[other, 1], sums[0, 1])
        column += 2
    row[column] = _share(sums[0, 1], sums[0, 0])
    row[column + 1] = _share(running[index, 1], running[size, 1])
    row[column + 2] = running[size, 1] / 1000
