"""Counts of the characters of every block of a page, and sums of them over every element."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, inlined
from massivetext.extract.page_scan import Records
from massivetext.extract.tags import HEADING, I64, U8, tag_number, tag_tables

Counts = npt.NDArray[np.int64]
_BOLD = 0
for _name in ("b", "strong"):
    _BOLD |= 1 << tag_number(_name) % 64
_MATH = tag_number("math")
_FORMULA_CHARACTERS = 5  # that a formula counts for: its bytes are markup
_KINDS = tag_tables().kinds


class BlockCount(IntEnum):
    """Columns of the counts of a block; those before ``BLOCKS`` are summed over elements too."""

    CHARACTERS = 0  # without white space
    LINKED = 1  # those within links
    STOPS = 2  # ends of sentences
    COMMAS = 3
    PROSE = 4  # characters outside links of a block with a sentence
    HEADINGS = 5
    BLOCKS = 6
    WORDS = 7
    LINKS = 8
    DIGITS = 9
    UPPERS = 10
    BOLD = 11
    BREAKS = 12
    MARKS = 13  # signs that part the entries of menus and bylines
    FIRST = 14  # kind of the first character: 0 none, 1 lower, 2 upper, 3 digit, 4 other ASCII, 5 beyond ASCII
    LAST = 15  # kind of the last one; 6: end of a sentence, 7: colon


SUMMED = 7
_BLOCKS = int(BlockCount.BLOCKS)
_CHARACTERS, _LINKED, _STOPS, _COMMAS, _PROSE, _HEADINGS = (int(BlockCount(column)) for column in range(6))
_WORDS, _LINKS, _DIGITS, _UPPERS, _BOLDS, _BREAKS, _MARKS, _FIRST, _LAST = (
    int(BlockCount(column)) for column in range(7, 16)
)
COUNT_COLUMNS = len(BlockCount)
_AMPERSAND, _SEMICOLON, _LONGEST_ENTITY = 38, 59, 10


@compiled
def count_blocks(data: U8, elements: Records, pieces: Records, blocks: Records) -> Counts:
    """Return the counts of all blocks: int64[blocks, COUNT_COLUMNS]."""
    counts = np.zeros((len(blocks), COUNT_COLUMNS), np.int64)
    for index in range(len(blocks)):
        row, block = counts[index], blocks[index]
        in_word, link = False, -1
        for number in range(block.first, block.last):
            piece = pieces[number]
            if piece.end <= 0:
                row[_BREAKS] += 1 if piece.end == 0 else 0
                in_word = False
                continue
            element = elements[piece.element]
            if element.link and element.link != link:
                row[_LINKS] += 1
                link = element.link
            if element.tag == _MATH:
                row[_WORDS] += 1
                row[_CHARACTERS] += _FORMULA_CHARACTERS
                in_word = False
                continue
            before = row[_CHARACTERS]
            in_word = _count_piece(data, piece.start, piece.end, row, in_word)
            row[_LINKED] += row[_CHARACTERS] - before if element.link else 0
            row[_BOLDS] += row[_CHARACTERS] - before if element.path & _BOLD else 0
        row[_BLOCKS] = 1
        row[_HEADINGS] = 1 if _KINDS[elements[block.element].tag] & HEADING else 0
        if (row[_STOPS] and row[_WORDS] >= 8) or row[_CHARACTERS] > 200:
            row[_PROSE] = row[_CHARACTERS] - row[_LINKED]
    return counts


@inlined
def _kind(byte: int | np.int64) -> int:
    if 97 <= byte <= 122:
        return 1
    if 65 <= byte <= 90:
        return 2
    if 48 <= byte <= 57:
        return 3
    if byte >= 128:
        return 5
    if byte == 46 or byte == 33 or byte == 63:
        return 6
    return 7 if byte == 58 else 4


@compiled
def _count_piece(  # noqa: C901 - one pass over the bytes
    data: U8, start: int, end: int, row: I64, in_word: bool
) -> bool:
    """Add the characters of a piece to the counts of its block; return whether it ends within a word."""
    place = start
    while place < end:
        byte = np.int64(data[place])
        place += 1
        if byte <= 32:
            in_word = False
            continue
        if 128 <= byte < 192:  # not the first byte of a character
            sign = _sign_of(data, place)
            row[_STOPS] += 1 if sign == 1 else 0
            row[_COMMAS] += 1 if sign == 2 else 0
            continue
        if 227 <= byte <= 233:  # kana and Han have no spaces: two characters are a word
            row[_WORDS] += 0 if in_word else 1
            in_word = not in_word
        elif not in_word:
            row[_WORDS] += 1
            in_word = True
        row[_CHARACTERS] += 1
        kind = _kind(byte)
        if row[_FIRST] == 0:
            row[_FIRST] = min(kind, 5)
        row[_LAST] = kind
        if kind == 2:
            row[_UPPERS] += 1
        elif kind == 3:
            row[_DIGITS] += 1
        elif kind == 6:
            row[_STOPS] += 1 if place >= end or data[place] <= 34 else 0
        elif byte == 44:
            row[_COMMAS] += 1
        elif byte == 124 or byte == 47 or byte == 62 or byte == 194 or byte == 226:
            row[_MARKS] += 1
        elif byte == _AMPERSAND:
            place = _skip_entity(data, place, end)
    return in_word


@inlined
def _sign_of(data: U8, place: int) -> int:
    """Return 1 if an end of a sentence of another script ends before a position, 2 if a comma does, else 0."""
    last, before, first = data[place - 1], data[place - 2], data[place - 3] if place >= 3 else 0
    if first == 227 and before == 128:  # U+3001, U+3002
        return 1 if last == 130 else 2 if last == 129 else 0
    if first == 239 and before == 188:  # full width: U+FF01, U+FF0C, U+FF0E, U+FF1F
        return 1 if last in (129, 142, 159) else 2 if last == 140 else 0
    if first == 224 and before == 165 and last in (164, 165):  # danda, U+0964, U+0965
        return 1
    if before == 216 and last in (140, 159):  # Arabic: U+060C, U+061F
        return 1 if last == 159 else 2
    return 1 if before == 219 and last == 148 else 0  # Urdu: U+06D4


@compiled
def _skip_entity(data: U8, place: int, end: int) -> int:
    """Return the position behind a character reference whose "&" is before a position; the position if it is none."""
    for behind in range(place, min(end, place + _LONGEST_ENTITY)):
        byte = data[behind]
        if byte == _SEMICOLON:
            return behind + 1
        if byte <= 34 or byte == _AMPERSAND:
            break
    return place


@compiled
def sum_elements(elements: Records, blocks: Records, counts: Counts) -> Counts:
    """Return the sums of the first SUMMED columns over the blocks within every element: int64[elements, SUMMED]."""
    sums = np.zeros((len(elements), SUMMED), np.int64)
    for index in range(len(blocks)):
        for column in range(SUMMED):
            sums[blocks[index].element, column] += counts[index, column]
    for index in range(len(elements) - 1, 0, -1):
        if sums[index, _BLOCKS]:
            for column in range(SUMMED):
                sums[elements[index].parent, column] += sums[index, column]
    return sums


@compiled
def wider_elements(elements: Records, sums: Counts) -> npt.NDArray[np.int32]:
    """Return for every element the nearest one around it with more text; 0, the page, if there is none."""
    wider = np.zeros(len(elements), np.int32)
    for index in range(1, len(elements)):
        parent = elements[index].parent
        wider[index] = parent if sums[parent, _CHARACTERS] > sums[index, _CHARACTERS] else wider[parent]
    return wider
