"""A cache of the ids of short pretokens, for compiled code: a fixed number of bytes, whatever it is asked for.

A hash has two slots of 64 bytes each, one line of a processor's cache. What is new takes the first one, what was there
takes the second one. A pretoken is stored as a whole, so the ids that are found are right; what is in the cache only
decides how soon they are found.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext import hashing
from massivetext.compiled import compiled, inlined
from massivetext.tokenizer.normal_form import signed

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]
Words = tuple[np.uint64, np.uint64, np.uint64]

KEY_BYTES = 31  # longest pretoken that is cached; with its length it takes four 64-bit words
_IDS = 7  # most ids of a pretoken that is cached
_KEY_WORDS, _WORDS = 4, 8
_SLOT_BYTES = 8 * _WORDS
_STEP = hashing.STEP
_CHARACTER = hashing.CHARACTER
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_LENGTH = np.uint64(56)


class PretokenCache(NamedTuple):
    """The cache.

    Attributes:
        slots: uint64[slots, 8]: bytes of a pretoken (see :func:`find_slot`); number of its ids, and the ids, two in a
            word. A slot of zeros is empty.
        shift: right shift that turns a hash into the first of its two slots, divided by two.
    """

    slots: U64
    shift: np.uint64


def pretoken_cache(most_bytes: int) -> PretokenCache:
    """Return an empty cache that takes at most this many bytes, but four slots at least."""
    bits = max(1, (most_bytes // (2 * _SLOT_BYTES)).bit_length() - 1)
    return PretokenCache(np.zeros((2 << bits, _WORDS), np.uint64), np.uint64(64 - bits))


@inlined
def find_slot(slots: U64, shift: np.uint64, words: Words, last: np.uint64, length: int) -> tuple[int, bool]:
    """Return the slot of a pretoken, or the one that it may take, and whether it is there.

    Args:
        slots: as in :class:`PretokenCache`.
        shift: the same.
        words: the bytes of the pretoken, eight in a word, 0 for a word that it does not fill.
        last: its other bytes, seven at most.
        length: its length.
    """
    first, second, third = words
    last |= np.uint64(length) << _LENGTH
    mixed = last * _CHARACTER
    if length > 7:
        mixed = (((mixed ^ first) * _STEP ^ second) * _CHARACTER ^ third) * _STEP
    mixed = (mixed ^ mixed >> _HALF) * _CHARACTER
    slot = signed(mixed >> shift) << 1
    if slots[slot, 0] == last and slots[slot, 1] == first and slots[slot, 2] == second and slots[slot, 3] == third:
        return slot, True
    slot += 1
    if slots[slot, 0] == last and slots[slot, 1] == first and slots[slot, 2] == second and slots[slot, 3] == third:
        return slot, True
    return slot - 1, False


@compiled
def take_slot(slots: U64, slot: int, words: Words, last: np.uint64, length: int) -> None:
    """Give the first slot of a hash to a pretoken, and the second one to what was there."""
    for word in range(_WORDS):
        slots[slot + 1, word] = slots[slot, word]
    first, second, third = words
    slots[slot, 0] = last | np.uint64(length) << _LENGTH
    slots[slot, 1], slots[slot, 2], slots[slot, 3] = first, second, third


@inlined
def cached_count(slots: U64, slot: int) -> int:
    """Return the number of ids of a slot."""
    return signed(slots[slot, _KEY_WORDS] & _LOW)


@inlined
def cached_id(slots: U64, slot: int, index: int) -> int:
    """Return one of the ids of a slot."""
    word = slots[slot, _KEY_WORDS + ((index + 1) >> 1)]
    return signed(word & _LOW if index & 1 else word >> _HALF)


@compiled
def fill_slot(slots: U64, slot: int, ids: I32, first: int, stop: int, whole: bool) -> None:
    """Store ``ids[first:stop]`` in the slot that :func:`find_slot` has returned.

    They are not kept if they are too many, or not ``whole``: an unknown id is missing that is part of the text before.
    """
    count = stop - first
    if not whole or count > _IDS:
        slots[slot, 0] = np.uint64(0)
        return
    slots[slot, _KEY_WORDS] = np.uint64(count)
    for index in range(count):
        number, word = np.uint64(ids[first + index]), _KEY_WORDS + ((index + 1) >> 1)
        slots[slot, word] = number if index & 1 else (slots[slot, word] & _LOW | number << _HALF)
