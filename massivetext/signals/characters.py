"""What each character is: a table of bits for all code points, and their simple lower-case forms.

The bits are those of Python's ``str`` methods, so the compiled code parts words where ``str.split`` does and takes for
a letter what ``str.isalpha`` does.
"""

import functools

import numpy as np
import numpy.typing as npt
import regex

U8 = npt.NDArray[np.uint8]

SPACE, ALPHA, ALNUM, UPPER, LOWER, DIGIT, STOP, MARK = (1 << bit for bit in range(8))

# Where a phrase may end that the scan looks for (see scan.py): the "k" of "cookie", the "v" of "privacy", and so on.
_MARKS = "jJkKvVfFpP"

_CODE_POINTS = 0x200000  # 0x110000, and what four bytes of damaged UTF-8 can name
_PROPERTIES_END = 0x40000  # what lies above has no property that is asked for: unassigned, marks, private use


def character_bits(character: str) -> int:
    """The bits of one character.

    ``SPACE`` as in str.isspace; ``ALPHA`` str.isalpha; ``ALNUM`` str.isalnum; ``UPPER`` str.isupper; ``LOWER``: has a
    case and is not upper-case; ``DIGIT`` str.isdecimal; ``STOP``: ends sentences (Unicode's Sentence_Terminal), or is
    an ellipsis; ``MARK``: see the code.
    """
    return (
        SPACE * character.isspace()
        | ALPHA * character.isalpha()
        | ALNUM * character.isalnum()
        | UPPER * character.isupper()
        | LOWER * (character.islower() or (character.istitle() and not character.isupper()))
        | DIGIT * character.isdecimal()
        | STOP * (_stops(character) or character == "…")
        | MARK * (character in _MARKS)
    )


def _stops(character: str) -> bool:
    return regex.match(r"\p{Sentence_Terminal}", character) is not None


@functools.cache
def character_table() -> U8:
    """The bits of every code point, uint8[0x200000]."""
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
    """The simple lower-case form of every code point below 0x20000, uint32[0x20000]; those above have no case."""
    # U+0130 becomes two characters; the first of them is its simple form.
    return np.fromiter((ord(chr(code).lower()[0]) for code in range(0x20000)), np.uint32, 0x20000)
