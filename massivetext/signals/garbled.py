"""Signal of text that was decoded by the wrong encoding: U+FFFD, and UTF-8 that was read byte by byte ("mojibake").

A byte of UTF-8 that is read as a character of its own is a letter (the first byte of a character) or a sign (the
others): "é" becomes "Ã©", a dash "â€”", Russian "Рџ" for each letter. Ordinary text hardly has such letters before such
signs; where it has them (capitals before quotation marks, "à" before a no-break space), they are left out.
"""

from enum import IntEnum

import numpy as np

from massivetext.compiled import compiled, inlined
from massivetext.signals.scan import F64, U8, CharacterCount
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios
from massivetext.utf8 import decode_character

_BLOCK_BYTES = 64  # whether all of them are ASCII is asked at once
_REPLACEMENT, _NO_BREAK_SPACE = 0xFFFD, 0xA0
# Bits: later bytes of UTF-8, as Windows-1252 and Latin-1 read them, and as Windows-1251 does.
_WESTERN, _CYRILLIC = 1, 2


def _signs() -> U8:
    later = bytes(range(0x80, 0xC0))
    signs = np.zeros(0x2123, np.uint8)  # U+2122, the trade mark, is the highest
    for bit, encodings in ((_WESTERN, ("latin-1", "cp1252")), (_CYRILLIC, ("cp1251",))):
        for encoding in encodings:
            signs[[ord(character) for character in later.decode(encoding, "ignore")]] |= bit
    return signs


_SIGNS = _signs()


class GarbledCount(IntEnum):
    """Column of :func:`count_garbled`: a number of characters."""

    GARBLED = 0


@compiled
def count_garbled(text: ScannedText, counts: F64) -> None:
    """Fill float64[GarbledCount] for a text."""
    data, at, stop = text.data, text.start, text.stop
    found = 0
    while at < stop:
        end = min(at + _BLOCK_BYTES, stop)
        if _is_ascii(data, at, end):
            at = end
            continue
        while at < end:
            byte = data[at]
            if byte == 0xC3:
                characters, after = _western(data, at, stop)
            elif byte == 0xD0:
                characters, after = _russian(data, at, stop)
            elif byte == 0xEF and at + 2 < stop and data[at + 1] == 0xBF and data[at + 2] == 0xBD:
                characters, after = 1, at + 3
            else:
                characters, after = 0, at + 1
            found += characters
            at = after
    counts[GarbledCount.GARBLED] = found


@inlined
def _is_ascii(data: U8, start: int, stop: int) -> bool:
    seen = np.uint8(0)
    for at in range(start, stop):
        seen |= data[at]
    return int(seen) < 128


@compiled
def _western(data: U8, at: int, stop: int) -> tuple[int, int]:
    """Return characters and end of a character of UTF-8 that was read as Windows-1252 or Latin-1; 0 if it is none.

    ``at`` is the index of a letter from U+00C0 to U+00FF. It tells how many bytes the character has. Those for which it
    would be "Ü", "Ý", "Þ" or "ß" are left out (Syriac, N'Ko), since quotation marks follow these letters in German.
    """
    letter, size = decode_character(data, at, stop)
    if 0xC2 <= letter <= 0xDB:
        wanted = 1
    elif 0xE0 <= letter <= 0xEF:
        wanted = 2
    elif 0xF0 <= letter <= 0xF4:
        wanted = 3
    else:
        return 0, at + size
    after = at + size
    for index in range(wanted):
        if after >= stop:
            return 0, at + size
        sign, sign_size = decode_character(data, after, stop)
        if not _is_sign(sign, _WESTERN) or (sign == _NO_BREAK_SPACE and wanted > 1 and index == 0):
            return 0, at + size
        after += sign_size
    return 1 + wanted, after


@compiled
def _russian(data: U8, at: int, stop: int) -> tuple[int, int]:
    """Return characters and end of two or more letters of Russian in UTF-8 that were read as Windows-1251; or 0.

    One alone may be a capital before a quotation mark, or Ukrainian.
    """
    found, after = 0, at
    while after + 2 < stop and data[after] == 0xD0 and (data[after + 1] == 0xA0 or data[after + 1] == 0xA1):
        sign, size = decode_character(data, after + 2, stop)
        if not _is_sign(sign, _CYRILLIC):
            break
        found += 1
        after += 2 + size
    return (2 * found, after) if found > 1 else (0, at + 1)


@inlined
def _is_sign(code: int, bit: int) -> bool:
    return code == _REPLACEMENT or (code < len(_SIGNS) and (_SIGNS[code] & bit) != 0)


def _formulas(counts: KernelCounts) -> Columns:
    return {"garbled_frac": ratios(counts[GarbledCount.GARBLED], counts[CharacterCount.CHARACTERS])}


GROUP = SignalGroup(
    signals=(
        describe(
            "garbled_frac",
            "share",
            "Share of characters that are U+FFFD, or part of UTF-8 that was read as Windows-1252 or Latin-1 (`Ã©`, "
            "`â€™`), or, twice or more in a row, as Windows-1251 (`РџСЂ`). Whole texts of such mojibake have 0.02 "
            "(German) to 0.14 (French), and above 0.9 in Russian or Chinese.",
            family="characters",
            source="ours: text by a wrong encoding reads like text to every other signal",
        ),
    ),
    columns=GarbledCount,
    count=count_garbled,
    formulas=_formulas,
)
