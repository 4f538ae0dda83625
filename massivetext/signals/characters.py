"""Properties of characters: a table of bits for all code points, and their simple lower-case forms.

The bits agree with Python's ``str`` methods, so the compiled code splits words as ``str.split`` does, and its letters
are those of ``str.isalpha``.
"""

import functools

import numpy as np
import numpy.typing as npt
import regex

U8 = npt.NDArray[np.uint8]

# SPACE: str.isspace; ALPHA: str.isalpha; ALNUM: str.isalnum; UPPER: str.isupper; LOWER: has case and is not upper-case;
# DIGIT: str.isdecimal; STOP: ends sentences (Unicode's Sentence_Terminal) or is an ellipsis; MARK: see _MARKS.
SPACE, ALPHA, ALNUM, UPPER, LOWER, DIGIT, STOP, MARK = (1 << bit for bit in range(8))

# Letters at which the scan looks for a phrase (see scan.py): the "k" of "cookie", the "v" of "privacy", and so on.
_MARKS = "jJkKvVfFpP"

_CODE_POINTS = 0x200000  # more than 0x110000: four bytes of damaged UTF-8 can give any code up to here
_PROPERTIES_END = 0x40000  # higher code points have none of these properties: unassigned, marks, private use


@functools.cache
def character_table() -> U8:
    """Return the bits of every code point, uint8[0x200000]."""
    bits = np.zeros(_CODE_POINTS, np.uint8)
    characters = [chr(code) for code in range(_PROPERTIES_END)]

    def mark(bit: int, found: "list[bool] | map[bool]") -> None:
        bits[:_PROPERTIES_END] |= np.fromiter(found, np.bool_, _PROPERTIES_END) * np.uint8(bit)

    mark(SPACE, map(str.isspace, characters))
    mark(ALPHA, map(str.isalpha, characters))
    mark(ALNUM, map(str.isalnum, characters))
    mark(UPPER, map(str.isupper, characters))
    mark(LOWER, [c.islower() or (c.istitle() and not c.isupper()) for c in characters])
    mark(DIGIT, map(str.isdecimal, characters))
    for match in regex.finditer(r"[\p{Sentence_Terminal}…]", "".join(characters).encode("utf-8", "ignore").decode()):
        bits[ord(match[0])] |= STOP
    bits[[ord(c) for c in _MARKS]] |= MARK
    return bits


@functools.cache
def lower() -> npt.NDArray[np.uint32]:
    """Return the simple lower-case form of all code points below 0x20000, uint32[0x20000]; higher ones have no case."""
    # U+0130 becomes two characters; the first of them is its simple form.
    return np.fromiter((ord(chr(code).lower()[0]) for code in range(0x20000)), np.uint32, 0x20000)
