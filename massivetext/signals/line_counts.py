"""Signals of lines and paragraphs, compiled: bullets, ellipses and other line ends, duplicates.

A line is what stands between line feeds, a paragraph what stands between blank lines, both stripped of white space.
Blank ones do not count. They are made of words and of what lies between those, so the text is not read again.
"""

import numpy as np
import numpy.typing as npt

from massivetext import hashing
from massivetext.signals.characters import STOP
from massivetext.signals.compiled import compiled
from massivetext.signals.definitions import BULLETS_ALONE, BULLETS_ANYWHERE, END_QUOTES, SHORT_CHARACTERS
from massivetext.signals.hash_table import Table, group
from massivetext.signals.repetition import Room
from massivetext.signals.scan import ELLIPSIS_END, I64, LOREM, POLICY, SCRIPT, U8, Words, join

# What is counted: the columns of `counts`.
(
    LINES,
    BULLETS,
    ELLIPSIS_ENDS,
    TERMINAL_ENDS,
    SHORT,
    SCRIPTS,
    POLICIES,
    LOREMS,
    LINE_CHARACTERS,
    LATER_LINES,
    LATER_LINE_CHARACTERS,
    PARAGRAPHS,
    PARAGRAPH_CHARACTERS,
    LATER_PARAGRAPHS,
    LATER_PARAGRAPH_CHARACTERS,
) = range(15)
COUNTS = 15


def _codes(characters: frozenset[str]) -> npt.NDArray[np.uint32]:
    return np.array(sorted(map(ord, characters)), np.uint32)


_ANYWHERE, _ALONE, _QUOTES = _codes(BULLETS_ANYWHERE), _codes(BULLETS_ALONE), _codes(END_QUOTES)
_SEED = hashing.GOLDEN


@compiled
def count_lines(words: Words, count: int, characters: U8, table: Table, room: Room, counts: I64) -> None:
    """Counts the lines and paragraphs of a text.

    Args:
        words: records of :data:`massivetext.signals.scan.WORD`.
        count: how many.
        characters: bits of each; see :func:`massivetext.signals.characters.table`.
        table: with room for them.
        room: likewise.
        counts: int64[COUNTS], filled.
    """
    lines, first = 0, 0
    for after in range(1, count + 1):
        if after == count or words[after].breaks:
            _count_line(words, first, after, characters, counts)
            room.keys[lines] = _hash(words, first, after)
            room.covered[lines] = _length(words, first, after)
            lines += 1
            first = after
    counts[LINES] = lines
    counts[LINE_CHARACTERS], counts[LATER_LINES], counts[LATER_LINE_CHARACTERS] = _later(lines, table, room)
    # The hash of a paragraph is that of its lines, which are still there: it has more of them than come before it.
    paragraphs, line, first, begin = 0, 0, 0, 0
    hashed = _SEED
    for after in range(1, count + 1):
        if after == count or words[after].breaks:
            hashed = join(join(hashed, words[begin].gap) if begin > first else _SEED, room.keys[line])
            line, begin = line + 1, after
            if after == count or words[after].breaks > 1:
                room.keys[paragraphs] = hashed
                room.covered[paragraphs] = _length(words, first, after)
                paragraphs += 1
                first = after
    counts[PARAGRAPHS] = paragraphs
    sizes = _later(paragraphs, table, room)
    counts[PARAGRAPH_CHARACTERS], counts[LATER_PARAGRAPHS], counts[LATER_PARAGRAPH_CHARACTERS] = sizes


@compiled
def _count_line(words: Words, first: int, after: int, characters: U8, counts: I64) -> None:
    start, end = words[first], words[after - 1]
    counts[BULLETS] += _among(start.first, _ANYWHERE) or (start.length == 1 and _among(start.first, _ALONE))
    counts[ELLIPSIS_ENDS] += (end.seen & ELLIPSIS_END) != 0
    counts[TERMINAL_ENDS] += (characters[end.last] & STOP) != 0 or _among(end.last, _QUOTES)
    counts[SHORT] += _length(words, first, after) <= SHORT_CHARACTERS
    seen = 0
    for index in range(first, after):
        seen |= words[index].seen
        counts[LOREMS] += (words[index].seen & LOREM) != 0
    counts[SCRIPTS] += (seen & SCRIPT) != 0
    counts[POLICIES] += (seen & POLICY) != 0


@compiled
def _among(code: int, codes: npt.NDArray[np.uint32]) -> bool:
    for one in codes:  # noqa: SIM110  numba compiles no generator here
        if one == code:
            return True
    return False


@compiled
def _length(words: Words, first: int, after: int) -> int:
    """Characters from the first word to the last, white space between them included."""
    return int(words[after - 1].before + words[after - 1].length - words[first].before)


@compiled
def _hash(words: Words, first: int, after: int) -> np.uint64:
    hashed = join(_SEED, words[first].hash)
    for index in range(first + 1, after):
        hashed = join(join(hashed, words[index].gap), words[index].hash)
    return hashed


@compiled
def _later(count: int, table: Table, room: Room) -> tuple[int, int, int]:
    """Characters of all segments, and how many stood in the text before, and the characters of those."""
    distinct = group(table, room.keys, count, room.groups, room.copies)
    characters = later = later_characters = 0
    following = 0  # the number of the first segment that is still to come
    for index in range(count):
        characters += room.covered[index]
        if room.groups[index] == following:
            following += 1
        else:
            later += 1
            later_characters += room.covered[index]
    assert following == distinct
    return characters, later, later_characters
