"""Data within a text, compiled: base64, bytes in hexadecimal, and escapes; and marks of generated files.

All of it is ASCII, so bytes are characters here.
"""

import numpy as np
import numpy.typing as npt

from massivetext.signals.compiled import compiled, inlined
from massivetext.signals.definitions import BASE64_LEAST, BYTES_LEAST, GENERATED_LINES, GENERATED_MARKS
from massivetext.signals.scan import U8, stands

_BASE64, _HEX, _WORD, _GAP, _OTHER = (1 << bit for bit in range(5))


def _kinds() -> U8:
    kinds = np.zeros(256, np.uint8)
    for code in map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"):
        kinds[code] |= _WORD | _BASE64
    for bit, several in ((_BASE64, "+/=\n"), (_HEX, "0123456789abcdefABCDEF"), (_WORD, "_"), (_GAP, ", \t\r\n")):
        kinds[list(map(ord, several))] |= bit
    kinds[(kinds & (_HEX | _GAP)) > 0] |= _OTHER
    kinds[list(map(ord, "\\xXu"))] |= _OTHER
    return kinds


_KINDS = _kinds()
_OTHER_LEAST = 3 * BYTES_LEAST - 1  # characters of bytes without prefixes, one between two
_MARKS = np.frombuffer("".join(GENERATED_MARKS).encode("ascii"), np.uint8)
_MARK_ENDS = np.cumsum([len(mark) for mark in GENERATED_MARKS])
_HEAD = 4  # bytes of each mark that are looked for all at once (Baeza-Yates and Gonnet 1992, "shift-or")


def _heads() -> tuple[npt.NDArray[np.uint32], np.uint32, np.uint32]:
    """For each byte the places in the heads of marks where it stands, in any case; all first places, and all last."""
    places = np.zeros(256, np.uint32)
    for number, mark in enumerate(GENERATED_MARKS):
        for index, letter in enumerate(mark[:_HEAD]):
            for byte in {ord(letter), ord(letter.upper())}:
                places[byte] |= np.uint32(1 << (_HEAD * number + index))
    first = np.uint32(sum(1 << (_HEAD * number) for number in range(len(GENERATED_MARKS))))
    return places, first, np.uint32(first << (_HEAD - 1))


_PLACES, _FIRST_PLACES, _LAST_PLACES = _heads()


@compiled
def find_encoded(data: U8, start: int, stop: int) -> tuple[int, int]:
    r"""Characters of all encoded data in the text in bytes ``start`` to ``stop``, and of the longest piece.

    A piece is as long as can be from where one begins, and the next begins after it: letters, digits, ``+``, ``/``,
    ``=`` and line feeds (64 of them); bytes, see :func:`_bytes_end`; ``\u`` and four hexadecimal digits (8 times).
    """
    covered = longest = 0
    base64, base64_end = _run(data, start, stop, _BASE64, BASE64_LEAST)
    other, other_end = _run(data, start, stop, _OTHER, _OTHER_LEAST)  # where bytes and escapes may be
    at = min(base64, other)
    while at < stop:
        end = base64_end if at == base64 else at
        if other <= at < other_end:
            if data[at] == 92:
                end = max(end, _bytes_end(data, at, stop), _escapes_end(data, at, stop))
            elif at == start or not _KINDS[data[at - 1]] & _WORD:
                end = max(end, _bytes_end(data, at, stop))
        covered += end - at
        longest = max(longest, end - at)
        at = max(end, at + 1)
        if base64 < at:
            base64, base64_end = _run(data, at, stop, _BASE64, BASE64_LEAST)
        if other_end <= at:
            other, other_end = _run(data, at, stop, _OTHER, _OTHER_LEAST)
        at = max(at, min(base64, other))
    return covered, longest


@compiled
def _run(data: U8, at: int, stop: int, kind: int, least: int) -> tuple[int, int]:
    """The first run of so many bytes of a kind, as its first byte and the one after it; ``stop`` twice if none is left.

    Of other text only some bytes are looked at: if the last of ``least`` is of another kind, no run begins before it.
    """
    while at + least <= stop:
        here = at + least - 1
        while here >= at and _KINDS[data[here]] & kind:
            here -= 1
        if here < at:
            end = at + least
            while end < stop and _KINDS[data[end]] & kind:
                end += 1
            return at, end
        at = here + 1
    return stop, stop


@compiled
def _bytes_end(data: U8, at: int, stop: int) -> int:
    r"""The end of eight or more bytes in a row, or where they would begin.

    A byte is ``0x``, ``\x`` or nothing, then two hexadecimal digits with no letter, digit or underscore after them;
    between bytes are commas and white space, before ``\x`` perhaps nothing.
    """
    count, end, here = 0, at, at
    while True:
        digits = here
        if here + 1 < stop and _is_prefix(int(data[here]), int(data[here + 1])):
            digits += 2
        if digits + 2 > stop or not (_KINDS[data[digits]] & _HEX and _KINDS[data[digits + 1]] & _HEX):
            break
        if digits + 2 < stop and _KINDS[data[digits + 2]] & _WORD:
            break
        count += 1
        here = end = digits + 2
        while here < stop and _KINDS[data[here]] & _GAP:
            here += 1
    return end if count >= BYTES_LEAST else at


@inlined
def _is_prefix(first: int, second: int) -> bool:
    return (first == 92 and second == 120) or (first == 48 and (second | 32) == 120)


@compiled
def _escapes_end(data: U8, at: int, stop: int) -> int:
    r"""The end of eight or more ``\u1234`` in a row, or where they would begin."""
    count, here = 0, at
    while here + 6 <= stop and data[here] == 92 and data[here + 1] == 117:
        digits = _KINDS[data[here + 2]] & _KINDS[data[here + 3]] & _KINDS[data[here + 4]] & _KINDS[data[here + 5]]
        if not digits & _HEX:
            break
        count += 1
        here += 6
    return here if count >= BYTES_LEAST else at


@compiled
def count_generated(data: U8, start: int, stop: int) -> int:
    """Marks of generated files in the first five lines of a text, in any case."""
    count = feeds = 0
    matched = np.uint32(0)  # the places in heads up to which the last bytes agree
    for at in range(start, stop):
        byte = data[at]
        if byte == 10:
            feeds += 1
            if feeds == GENERATED_LINES:
                break
        matched = (matched << np.uint32(1) | _FIRST_PLACES) & _PLACES[byte]
        if matched & _LAST_PLACES:
            begin, first = at - _HEAD + 1, 0
            for end in _MARK_ENDS:
                count += stands(data, begin, stop, begin, _MARKS[first:end])
                first = end
    return count
