"""A fast test of whether a text is in NFKC already, for compiled code.

Python's own test normalises the whole text where it meets a character that might compose with the one before, which
every text in Hindi, Bengali or Tamil has (Unicode Standard Annex 15, section 9). This one also knows with which
starters such characters compose. It errs on one side only: a text that passes is in NFKC. The tables are those of
:mod:`unicodedata`, so that its version of Unicode decides.
"""

import functools
import itertools
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled
from massivetext.tokenizer.normal_form import U8, decode

_CODE_POINTS = 0x110000
_BLOCK = 128  # characters
_TABLE_END = 0x30000  # above: ideographs, tags and variation selectors; all but some ideographs are in NFKC
_CHANGES, _SECOND, _COMPOSED = np.uint16(1 << 8), np.uint16(1 << 9), np.uint16(1 << 10)
_CLASS = np.uint16(0xFF)
_HANGUL_SECOND = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))


class NfkcTable(NamedTuple):
    """What the test knows of characters.

    Attributes:
        characters: uint16[0x110000], the combining class of each, and bits: NFKC changes it; it composes with some
            starter before it; it is composed itself.
        pairs: int64, sorted: starter << 21 | second of all pairs that compose.
    """

    characters: npt.NDArray[np.uint16]
    pairs: npt.NDArray[np.int64]


@functools.cache
def nfkc_table() -> NfkcTable:
    """Return the table of this Python's version of Unicode."""
    characters = np.zeros(_CODE_POINTS, np.uint16)
    pairs = []
    for code in _changing():
        character = chr(code)
        characters[code] |= unicodedata.combining(character)
        if unicodedata.normalize("NFKC", character) != character:
            characters[code] |= _CHANGES
        elif unicodedata.normalize("NFD", character) != character:
            characters[code] |= _COMPOSED
            parts = unicodedata.decomposition(character).split()
            if parts:  # syllables of Hangul have none
                starter, second = (int(part, 16) for part in parts)
                pairs.append(starter << 21 | second)
                characters[second] |= _SECOND
    characters[_TABLE_END:0xE0000] |= _CHANGES
    characters[0xE0200:] |= _CHANGES
    characters[list(_HANGUL_SECOND)] |= _CHANGES  # too rare to be looked at closely
    return NfkcTable(characters, np.array(sorted(pairs), np.int64))


def _changing() -> Iterator[int]:
    """Yield the characters of blocks in which any is changed by a form, is composed, or has a combining class."""
    for first in itertools.chain(range(0x80, _TABLE_END, _BLOCK), range(0xE0000, 0xE0200, _BLOCK)):
        block = range(first, first + _BLOCK)
        apart = "\n".join(map(chr, block))  # so that none composes with the one before it
        stays = all(unicodedata.is_normalized(form, apart) for form in ("NFKC", "NFD"))
        if not stays or any(map(unicodedata.combining, apart)):
            yield from block


@compiled
def is_nfkc(table: NfkcTable, data: U8, position: int, stop: int) -> bool:
    """Return True if ``data[position:stop]``, valid UTF-8, is in NFKC; False if it is not, or if it might not be."""
    characters, pairs = table.characters, table.pairs
    starter, composed, before = 0, False, np.uint16(0)
    while position < stop:
        code, size = decode(data, position)
        position += size
        if code < 0x80:
            starter, composed, before = code, False, np.uint16(0)
            continue
        known = characters[code]
        if known & _CHANGES:
            return False
        combining = known & _CLASS
        if combining and (combining < before or composed):
            return False
        if known & _SECOND and (composed or _has(pairs, starter << 21 | code)):
            return False
        before = combining
        if not combining:
            starter, composed = code, known & _COMPOSED != 0
    return True


@compiled
def _has(pairs: npt.NDArray[np.int64], wanted: int) -> bool:
    at = np.searchsorted(pairs, wanted)
    return bool(at < len(pairs) and pairs[at] == wanted)
