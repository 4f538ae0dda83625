"""One compiled pass over the UTF-8 of a text that gives the hashes of its words, a bounded number at a time.

The words are those of :func:`massivetext.shingles.normalised_words`; a test compares both. The hash of a word is the
first half of MurmurHash3_x64_128 of its UTF-8, as ``mmh3.hash64`` gives it, and never 0.
"""

import numpy as np

from massivetext.compiled import compiled, inlined
from massivetext.schema import U64
from massivetext.shingles.word_classes import CASED, IGNORABLE, MARK, PUNCTUATION, SPACE, UNSPACED, WordTables
from massivetext.utf8 import U8, decode_character

# Murmur hash 3 (Appleby 2011).
_FIRST, _SECOND = np.uint64(0x87C37B91114253D5), np.uint64(0x4CF5AD432745937F)
_FINAL, _LAST = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_ADDED, _ADDED_NEXT = np.uint64(0x52DCE729), np.uint64(0x38495AB5)

_CAPITAL_SIGMA, _CAPITAL_DOTTED_I = 0x3A3, 0x130
_FINAL_SIGMA_BYTE = 0x82  # second byte of the small sigma that ends a word; that of the other one is 0x83


def word_buffer(longest_text: int) -> U8:
    """Return working memory for :func:`read_words`, given the bytes of the longest text; lower case may be longer."""
    return np.empty(2 * longest_text + 16, np.uint8)


@compiled
def read_words(  # noqa: C901  one pass: functions for its steps would pass ten variables to each other
    data: U8, at: int, stop: int, tables: WordTables, spelling: U8, hashes: U64, count: int
) -> tuple[int, int]:
    """Append the hashes of the words from byte ``at`` on, until the text ends or there is no room.

    Args:
        data: bytes of many texts.
        at: where to begin: the first byte of the text, or what the last call has returned.
        stop: index after the last byte of the text.
        tables: properties of characters.
        spelling: working memory; see :func:`word_buffer`.
        hashes: uint64[any], filled from index ``count`` on.
        count: number of hashes that are already there; less than there is room for.

    Returns:
        (byte at which to go on, number of hashes). At the end of the text the byte is ``stop``.
    """
    classes, lower = tables.classes, tables.lower
    ignores_case = len(lower) > 0
    size = 0  # bytes of the current word
    unspaced = False  # whether it is a character of a script without spaces
    cased = False  # whether its last character that is not ignorable has case
    sigma = -1  # second byte of a capital sigma in it that ends the word unless a character with case follows
    while at < stop:
        code, width = int(data[at]), 1
        if code >= 128:
            code, width = decode_character(data, at, stop)
        bits = classes[code]
        if bits & PUNCTUATION:
            at += width
            continue
        if size and (bits & (SPACE | UNSPACED) or (unspaced and not bits & MARK)):
            if sigma >= 0:
                spelling[sigma] = _FINAL_SIGMA_BYTE
            hashes[count] = _murmur(spelling, size)
            count += 1
            size, cased, sigma = 0, False, -1
            if count == len(hashes):
                return at, count
        if bits & SPACE:
            at += width
            continue
        if size == 0:
            unspaced = (bits & UNSPACED) != 0
        if not ignores_case:
            if bits == 0 and code < 128:
                # Most characters are letters of ASCII, so they get a short loop of their own.
                while at < stop and data[at] < 128 and classes[data[at]] == 0:
                    spelling[size] = data[at]
                    size += 1
                    at += 1
                continue
            for _ in range(width):
                spelling[size] = data[at]
                size += 1
                at += 1
            continue
        at += width
        if not bits & IGNORABLE:
            if sigma >= 0 and not bits & CASED:
                spelling[sigma] = _FINAL_SIGMA_BYTE
            sigma = size + 1 if code == _CAPITAL_SIGMA and cased else -1
            cased = (bits & CASED) != 0
        small = int(lower[code]) if code < len(lower) else code
        size = _append_character(small, spelling, size)
        if code == _CAPITAL_DOTTED_I:  # becomes two characters
            size = _append_character(0x307, spelling, size)
    if size:
        if sigma >= 0:
            spelling[sigma] = _FINAL_SIGMA_BYTE
        hashes[count] = _murmur(spelling, size)
        count += 1
    return at, count


@compiled
def _append_character(code: int, spelling: U8, size: int) -> int:
    """Write the UTF-8 of a character behind ``size`` bytes, and return the new size."""
    if code < 0x80:
        spelling[size] = code
        return size + 1
    if code < 0x800:
        spelling[size] = 0xC0 | code >> 6
        spelling[size + 1] = 0x80 | (code & 63)
        return size + 2
    if code < 0x10000:
        spelling[size] = 0xE0 | code >> 12
        spelling[size + 1] = 0x80 | (code >> 6 & 63)
        spelling[size + 2] = 0x80 | (code & 63)
        return size + 3
    spelling[size] = 0xF0 | (code >> 18 & 7)
    spelling[size + 1] = 0x80 | (code >> 12 & 63)
    spelling[size + 2] = 0x80 | (code >> 6 & 63)
    spelling[size + 3] = 0x80 | (code & 63)
    return size + 4


@compiled
def _murmur(word: U8, size: int) -> np.uint64:
    """Return the hash of a word of some bytes."""
    one = two = np.uint64(0)
    whole = size & ~15
    for at in range(0, whole, 16):
        one ^= _rotated(_load(word, at, 8) * _FIRST, 31) * _SECOND
        one = (_rotated(one, 27) + two) * np.uint64(5) + _ADDED
        two ^= _rotated(_load(word, at + 8, 8) * _SECOND, 33) * _FIRST
        two = (_rotated(two, 31) + one) * np.uint64(5) + _ADDED_NEXT
    rest = size - whole
    if rest > 8:
        two ^= _rotated(_load(word, whole + 8, rest - 8) * _SECOND, 33) * _FIRST
    if rest > 0:
        one ^= _rotated(_load(word, whole, min(rest, 8)) * _FIRST, 31) * _SECOND
    one ^= np.uint64(size)
    two ^= np.uint64(size)
    one += two
    two += one
    found = _mixed(one) + _mixed(two)
    return found if found != np.uint64(0) else np.uint64(1)


@inlined
def _load(word: U8, at: int, size: int) -> np.uint64:
    """Return up to eight bytes as a number, the first byte lowest."""
    value = np.uint64(0)
    for index in range(size):
        value |= np.uint64(word[at + index]) << np.uint64(8 * index)
    return value


@inlined
def _rotated(value: np.uint64, bits: int) -> np.uint64:
    return value << np.uint64(bits) | value >> np.uint64(64 - bits)


@inlined
def _mixed(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> np.uint64(33))) * _FINAL
    value = (value ^ (value >> np.uint64(33))) * _LAST
    return value ^ (value >> np.uint64(33))
