"""The signal of comments in source code: found by a table of comment and string marks, without parsing a language."""

from enum import IntEnum

import numpy as np

from massivetext.compiled import compiled
from massivetext.signals.comment_styles import STYLES, CommentStyle
from massivetext.signals.scan import F64, U8, CharacterCount
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios

_LINE_MARKS = 3
_OPEN, _CLOSE, _QUOTES, _DOCUMENTED = range(_LINE_MARKS, _LINE_MARKS + 4)
_ROOM = 5  # the length of a mark, and its bytes: at most 4


class CommentCount(IntEnum):
    """Column of :func:`count_comments`."""

    CHARACTERS = 0


def comment_table() -> U8:
    """Return the marks of each style, uint8[styles, marks, 5]: a length, then the bytes."""
    return np.stack([_row(style) for style in STYLES])


def _row(style: CommentStyle) -> U8:
    row = np.zeros((_DOCUMENTED + 1, _ROOM), np.uint8)
    for index, mark in [*enumerate(style.line), (_OPEN, style.block[0]), (_CLOSE, style.block[1])]:
        row[index, 0] = len(mark)
        row[index, 1 : 1 + len(mark)] = list(mark.encode("ascii"))
    row[_QUOTES, 0] = len(style.quotes)
    row[_QUOTES, 1 : 1 + len(style.quotes)] = list(style.quotes.encode("ascii"))
    row[_DOCUMENTED, 0] = style.documented
    return row


_TABLE = comment_table()


@compiled
def count_comments(text: ScannedText, counts: F64) -> None:
    """Count the characters within comments, their marks included; 0 for an unknown programming language."""
    if text.style >= 0:
        marks = _TABLE[text.style]
        counts[CommentCount.CHARACTERS] = _comment_characters(text.data, text.start, text.stop, marks)


@compiled
def _comment_characters(data: U8, start: int, stop: int, marks: U8) -> int:
    """Return the number of characters within comments, line feeds after them excluded.

    A block comment that is not closed goes to the end of the text. A quote that is not closed on its line begins no
    string. A backslash removes the special meaning of the character after it, within strings and outside.

    Args:
        data: bytes of many texts.
        start: index of the first byte of the text.
        stop: index after its last byte.
        marks: uint8[marks, 5], a row of :func:`comment_table`.
    """
    characters = 0
    blank = True  # only white space so far on this line
    at = start
    while at < stop:
        byte = int(data[at])
        if byte == 10:
            blank = True
            at += 1
            continue
        if byte == 32 or byte == 9 or byte == 13:
            at += 1
            continue
        if marks[_DOCUMENTED, 0] and _is_triple(data, at, stop):
            end = _triple_end(data, at, stop)
            if blank:
                characters += _characters(data, at, end)
        else:
            end = _comment_end(data, start, stop, at, marks)
            characters += _characters(data, at, end)
            if end == at:
                end = _string_end(data, at, stop) if _is_quote(byte, marks) else at + 1
                if byte == 92 and end < stop and data[end] != 10:
                    end += 1
        blank = False
        at = end
    return characters


@compiled
def _comment_end(data: U8, start: int, stop: int, at: int, marks: U8) -> int:
    """Return the index after the comment that begins at ``at``, or ``at`` if none does."""
    if _begins(data, at, stop, marks[_OPEN]):
        end = at + marks[_OPEN, 0]
        while end < stop:
            if _begins(data, end, stop, marks[_CLOSE]):
                return int(end + marks[_CLOSE, 0])
            end += 1
        return stop
    for index in range(_LINE_MARKS):
        spaced = marks[index, 1] != 35 or at == start or data[at - 1] <= 32
        if spaced and _begins(data, at, stop, marks[index]):
            end = at
            while end < stop and data[end] != 10:
                end += 1
            return end
    return at


@compiled
def _begins(data: U8, at: int, stop: int, mark: U8) -> bool:
    size = int(mark[0])
    if size == 0 or at + size > stop:
        return False
    index = 0
    while index < size and data[at + index] == mark[1 + index]:
        index += 1
    return index == size


@compiled
def _is_quote(byte: int, marks: U8) -> bool:
    found = False
    for index in range(1, 1 + int(marks[_QUOTES, 0])):
        found |= marks[_QUOTES, index] == byte
    return found


@compiled
def _string_end(data: U8, at: int, stop: int) -> int:
    """Return the index after the string that begins here, or after its quote if the line does not close it."""
    here = at + 1
    while here < stop and data[here] != 10:
        if data[here] == data[at]:
            return here + 1
        escapes = data[here] == 92 and here + 1 < stop and data[here + 1] != 10
        here += 2 if escapes else 1
    return at + 1


@compiled
def _is_triple(data: U8, at: int, stop: int) -> bool:
    quote = data[at]
    return (quote == 34 or quote == 39) and at + 3 <= stop and data[at + 1] == quote and data[at + 2] == quote


@compiled
def _triple_end(data: U8, at: int, stop: int) -> int:
    here = at + 3
    while here < stop:
        if data[here] == data[at] and _is_triple(data, here, stop):
            return here + 3
        here += 2 if data[here] == 92 else 1
    return stop


@compiled
def _characters(data: U8, start: int, stop: int) -> int:
    """Return the number of characters of complete UTF-8."""
    characters = 0
    for at in range(start, stop):
        characters += (data[at] & 0xC0) != 0x80
    return characters


def _formulas(counts: KernelCounts) -> Columns:
    return {"comment_frac": ratios(counts[CommentCount.CHARACTERS], counts[CharacterCount.CHARACTERS])}


GROUP = SignalGroup(
    signals=(
        describe(
            "comment_frac",
            "share",
            "Share of characters within comments, their marks included, and within Python's docstrings; 0 where the "
            "document says no programming language or one without a style in `signals/comment_styles.py`.",
            family="code",
            source="ours, after SantaCoder (Ben Allal et al. 2023, 4.1), which parses Python, Java and JavaScript",
        ),
    ),
    columns=CommentCount,
    count=count_comments,
    formulas=_formulas,
)
