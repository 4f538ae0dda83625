"""Comments in source code, compiled: told from strings by a table of marks, without a parser of each language."""

import numpy as np

from massivetext.signals.comment_styles import STYLES, CommentStyle
from massivetext.signals.compiled import compiled
from massivetext.signals.scan import U8

_LINE_MARKS = 3
_OPEN, _CLOSE, _QUOTES, _DOCUMENTED = range(_LINE_MARKS, _LINE_MARKS + 4)
_ROOM = 5  # bytes of the longest mark, and its length before it


def table() -> U8:
    """The marks of each style, uint8[styles, marks, 5]: a length, then the bytes."""
    return np.stack([_row(style) for style in STYLES])


def _row(style: CommentStyle) -> U8:
    row = np.zeros((_DOCUMENTED + 1, _ROOM), np.uint8)
    for place, mark in [*enumerate(style.line), (_OPEN, style.block[0]), (_CLOSE, style.block[1])]:
        row[place, 0] = len(mark)
        row[place, 1 : 1 + len(mark)] = list(mark.encode("ascii"))
    row[_QUOTES, 0] = len(style.quotes)
    row[_QUOTES, 1 : 1 + len(style.quotes)] = list(style.quotes.encode("ascii"))
    row[_DOCUMENTED, 0] = style.documented
    return row


@compiled
def count_comments(data: U8, start: int, stop: int, marks: U8) -> int:
    """Characters within comments, their marks included, line feeds after them not.

    A block that is not closed goes to the end. A string that is not closed on its line is none; a backslash takes its
    special meaning from the character after it, within strings and outside.

    Args:
        data: bytes of many texts.
        start: first byte of the text.
        stop: byte after its last one.
        marks: uint8[marks, 5], a row of :func:`table`.
    """
    characters = 0
    blank = True  # the line so far
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
    """The byte after the comment that begins here, or here where none does."""
    if _begins(data, at, stop, marks[_OPEN]):
        end = at + marks[_OPEN, 0]
        while end < stop:
            if _begins(data, end, stop, marks[_CLOSE]):
                return int(end + marks[_CLOSE, 0])
            end += 1
        return stop
    for place in range(_LINE_MARKS):
        spaced = marks[place, 1] != 35 or at == start or data[at - 1] <= 32
        if spaced and _begins(data, at, stop, marks[place]):
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
    for index in range(size):  # noqa: SIM110  numba compiles no generator here
        if data[at + index] != mark[1 + index]:
            return False
    return True


@compiled
def _is_quote(byte: int, marks: U8) -> bool:
    for place in range(1, 1 + int(marks[_QUOTES, 0])):  # noqa: SIM110  numba compiles no generator here
        if marks[_QUOTES, place] == byte:
            return True
    return False


@compiled
def _string_end(data: U8, at: int, stop: int) -> int:
    """The byte after the string that begins here, or after its quote where the line does not close it."""
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
    """Characters of whole UTF-8."""
    characters = 0
    for at in range(start, stop):
        characters += (data[at] & 0xC0) != 0x80
    return characters
