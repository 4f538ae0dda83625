"""Signals of data within a text: base64, bytes in hexadecimal, escapes; and of marks of generated files.

All of it is ASCII, so bytes are characters here.
"""

import functools
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, inlined
from massivetext.signals.definitions import BASE64_LEAST, BYTES_LEAST, GENERATED_LINES, GENERATED_MARKS
from massivetext.signals.references import STARCODER
from massivetext.signals.scan import F64, U8, CharacterCount, matches_at
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios

_starcoder = functools.partial(describe, family="code", source=STARCODER)

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
_OTHER_LEAST = 3 * BYTES_LEAST - 1  # shortest run: two digits per byte and one character between two bytes
_MARKS = np.frombuffer("".join(GENERATED_MARKS).encode("ascii"), np.uint8)
_MARK_ENDS = np.cumsum([len(mark) for mark in GENERATED_MARKS])
_HEAD = 4  # first bytes of every mark, all searched for at once (Baeza-Yates and Gonnet 1992, "shift-or")


def _heads() -> tuple[npt.NDArray[np.uint32], np.uint32, np.uint32]:
    """Return, for each byte, the bits of its positions in the heads, uint32[256]; and the first and the last bits."""
    position_bits = np.zeros(256, np.uint32)
    for number, mark in enumerate(GENERATED_MARKS):
        for index, letter in enumerate(mark[:_HEAD]):
            for byte in {ord(letter), ord(letter.upper())}:
                position_bits[byte] |= np.uint32(1 << (_HEAD * number + index))
    first = np.uint32(sum(1 << (_HEAD * number) for number in range(len(GENERATED_MARKS))))
    return position_bits, first, np.uint32(first << (_HEAD - 1))


_POSITION_BITS, _FIRST_POSITIONS, _LAST_POSITIONS = _heads()


class EncodedCount(IntEnum):
    """Columns of :func:`count_encoded`: two numbers of characters, and a number of marks."""

    ENCODED = 0
    LONGEST = 1
    GENERATED_MARKS = 2


@compiled
def count_encoded(text: ScannedText, counts: F64) -> None:
    """Fill float64[EncodedCount] for a text."""
    counts[EncodedCount.ENCODED], counts[EncodedCount.LONGEST] = _find_encoded(text.data, text.start, text.stop)
    counts[EncodedCount.GENERATED_MARKS] = _count_generated_marks(text.data, text.start, text.stop)


@compiled
def _find_encoded(data: U8, start: int, stop: int) -> tuple[int, int]:
    r"""Return the number of characters of all encoded data in a text, and of its longest piece.

    Pieces are found from left to right, each as long as possible: letters, digits, ``+``, ``/``, ``=`` and line feeds
    (64 or more); bytes, see :func:`_bytes_end`; ``\u`` and four hexadecimal digits (8 times or more).
    """
    covered = longest = 0
    base64, base64_end = _run(data, start, stop, _BASE64, BASE64_LEAST)
    other, other_end = _run(data, start, stop, _OTHER, _OTHER_LEAST)  # only here can bytes and escapes begin
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
    """Return (begin, end) of the first run of ``least`` or more bytes of a kind; (``stop``, ``stop``) if there is none.

    Most bytes of other text are skipped: if the last of ``least`` bytes is of another kind, no run can begin before it.
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
    r"""Return the index after eight or more bytes that begin at ``at``, or ``at`` if there are fewer.

    A byte is ``0x``, ``\x`` or nothing, then two hexadecimal digits with no letter, digit or underscore after them.
    Commas and white space separate bytes; before ``\x`` they may be missing.
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
    r"""Return the index after eight or more ``\u1234`` that begin at ``at``, or ``at`` if there are fewer."""
    count, here = 0, at
    while here + 6 <= stop and data[here] == 92 and data[here + 1] == 117:
        digits = _KINDS[data[here + 2]] & _KINDS[data[here + 3]] & _KINDS[data[here + 4]] & _KINDS[data[here + 5]]
        if not digits & _HEX:
            break
        count += 1
        here += 6
    return here if count >= BYTES_LEAST else at


@compiled
def _count_generated_marks(data: U8, start: int, stop: int) -> int:
    """Return the number of marks of generated files in the first five lines of a text, in any case."""
    count = feeds = 0
    matched = np.uint32(0)  # bit of every position in a head up to which the last bytes match
    for at in range(start, stop):
        byte = data[at]
        if byte == 10:
            feeds += 1
            if feeds == GENERATED_LINES:
                break
        matched = (matched << np.uint32(1) | _FIRST_POSITIONS) & _POSITION_BITS[byte]
        if matched & _LAST_POSITIONS:
            begin, first = at - _HEAD + 1, 0
            for end in _MARK_ENDS:
                count += matches_at(data, begin, stop, begin, _MARKS[first:end])
                first = end
    return count


def _formulas(counts: KernelCounts) -> Columns:
    return {
        "encoded_frac": ratios(counts[EncodedCount.ENCODED], counts[CharacterCount.CHARACTERS]),
        "longest_encoded_length": counts[EncodedCount.LONGEST],
        "generated_mark_count": counts[EncodedCount.GENERATED_MARKS],
    }


GROUP = SignalGroup(
    signals=(
        _starcoder(
            "encoded_frac",
            "share",
            f"Share of characters within data: {BASE64_LEAST} or more letters, digits, `+`, `/`, `=` and "
            f"line feeds in a row; {BYTES_LEAST} or more bytes of two hexadecimal digits, each with `0x`, "
            r"`\x` or nothing before it, commas, white space or nothing between them; as many `\u1234` in a row.",
        ),
        _starcoder("longest_encoded_length", "characters", "Characters of the longest piece of such data.", whole=True),
        _starcoder(
            "generated_mark_count",
            "count",
            f"Copies of these in the first {GENERATED_LINES} lines, in any case: "
            f"{', '.join(f'`{mark}`' for mark in GENERATED_MARKS)}.",
        ),
    ),
    columns=EncodedCount,
    count=count_encoded,
    formulas=_formulas,
)
