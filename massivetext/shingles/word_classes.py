"""What compiled code has to know of characters to read the words of :func:`massivetext.shingles.normalised_words`."""

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import regex

from massivetext.shingles.normalised import MARK as MARK_PATTERN
from massivetext.shingles.normalised import PUNCTUATION as PUNCTUATION_PATTERN
from massivetext.shingles.normalised import UNSPACED as UNSPACED_PATTERN
from massivetext.utf8 import U8

# SPACE: str.isspace; PUNCTUATION: category P; UNSPACED: a word of its own; MARK: category M; CASED and IGNORABLE: the
# properties by which Unicode decides whether a capital sigma ends a word.
SPACE, PUNCTUATION, UNSPACED, MARK, CASED, IGNORABLE = (1 << bit for bit in range(6))

# Planes in which characters have any of these properties: the others are not assigned, or for private use.
_PLANES = (range(0x40000), range(0xE0000, 0xE1000))
_DAMAGED_CODES = 0x200000  # four bytes of damaged UTF-8 can give any code up to here
_CASE_END = 0x20000  # higher code points have no case


class WordTables(NamedTuple):
    """Properties of characters.

    Attributes:
        classes: uint8[0x200000], the bits above of every code point.
        lower: uint32[0x20000], simple lower-case form of each code point; higher ones have no case. Without elements
            where case counts.
    """

    classes: U8
    lower: npt.NDArray[np.uint32]


@functools.cache
def word_tables(lowercase: bool) -> WordTables:
    """Return the tables for texts of which case counts, or not."""
    patterns = {
        SPACE: r"[\s\x1c-\x1f]",
        PUNCTUATION: PUNCTUATION_PATTERN,
        UNSPACED: UNSPACED_PATTERN,
        MARK: MARK_PATTERN,
    }
    if lowercase:
        patterns |= {CASED: r"[\p{Cased}--\p{Case_Ignorable}]", IGNORABLE: r"\p{Case_Ignorable}"}
    classes = np.zeros(_DAMAGED_CODES, np.uint8)
    for plane in _PLANES:
        characters = "".join(map(chr, plane))
        for bit, pattern in patterns.items():
            for match in regex.finditer(f"{pattern}+", characters, regex.V1):
                classes[plane.start + match.start() : plane.start + match.end()] |= bit
    lower = [ord(chr(code).lower()[0]) for code in range(_CASE_END)] if lowercase else []
    return WordTables(classes, np.array(lower, np.uint32))
