"""Hash tables of 64-bit keys for compiled code: group equal keys, or find the number of a known key.

Keys must be hashes already: bits from their middle choose the slot, and linear probing the next one. A grouping table
is at most half full. A table of known keys is at most an eighth full: most keys that are looked up are unknown, and
then an empty first slot answers at once.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, inlined, uncompiled

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]


@inlined
def _slot(key: np.uint64, mask: int) -> int:
    return int(key >> np.uint64(20)) & mask


class GroupingTable(NamedTuple):
    """Working memory of :func:`group_keys`, used again for every text: slots of an earlier generation count as empty.

    Attributes:
        keys: uint64[capacity], capacity being a power of two.
        groups: int32[capacity], number of the group of each key.
        stamps: uint32[capacity], generation that filled each slot.
        generation: uint32[1], generation of the last call.
    """

    keys: U64
    groups: I32
    stamps: npt.NDArray[np.uint32]
    generation: npt.NDArray[np.uint32]


@compiled
def grouping_table(most_keys: int) -> GroupingTable:
    """Return a table for at most this number of keys per call."""
    capacity = capacity_for(most_keys)
    return GroupingTable(
        np.zeros(capacity, np.uint64),
        np.zeros(capacity, np.int32),
        np.zeros(capacity, np.uint32),
        np.zeros(1, np.uint32),
    )


@compiled
def capacity_for(keys: int) -> int:
    """Return the smallest power of two that is at least 16 and at least twice the number of keys."""
    capacity = 16
    while capacity < 2 * keys:
        capacity *= 2
    return capacity


@compiled
def group_keys(table: GroupingTable, keys: U64, count: int, groups: I32, copies: I32) -> int:
    """Number the distinct values of ``keys[:count]`` in order of first occurrence and return how many there are.

    Args:
        table: working memory for at least ``count`` keys.
        keys: uint64, the keys.
        count: number of keys.
        groups: int32, filled with the number of each key.
        copies: int32, filled with the number of occurrences per distinct key.
    """
    # A small text uses the first slots only, which stay in the processor's cache.
    mask = capacity_for(count) - 1
    table.generation[0] += np.uint32(1)
    if table.generation[0] == 0:  # the counter has wrapped around: old stamps could look new
        table.stamps[:] = 0
        table.generation[0] = np.uint32(1)
    stamp = table.generation[0]
    found = 0
    for index in range(count):
        key = keys[index]
        slot = _slot(key, mask)
        while table.stamps[slot] == stamp and table.keys[slot] != key:
            slot = (slot + 1) & mask
        if table.stamps[slot] != stamp:
            table.stamps[slot], table.keys[slot], table.groups[slot] = stamp, key, found
            copies[found] = 0
            found += 1
        number = table.groups[slot]
        groups[index] = number
        copies[number] += 1
    return found


class KeyNumbers(NamedTuple):
    """Numbers of known keys: uint64[capacity] keys, 0 for an empty slot, and int32[capacity] numbers."""

    keys: U64
    numbers: I32


def build_key_numbers(keys: U64) -> KeyNumbers:
    """Return a table in which ``keys[i]`` has the number ``i``.

    Raises:
        ValueError: a key is 0 or occurs twice.
    """
    capacity = uncompiled(capacity_for)(4 * len(keys))
    table = KeyNumbers(np.zeros(capacity, np.uint64), np.zeros(capacity, np.int32))
    for number, key in enumerate(keys):
        slot = uncompiled(_slot)(key, capacity - 1)
        while table.keys[slot]:
            if table.keys[slot] == key:
                raise ValueError(f"key numbers: want distinct keys, but key {number} occurs before")
            slot = (slot + 1) & (capacity - 1)
        if not key:
            raise ValueError(f"key numbers: want keys other than 0, but key {number} is 0")
        table.keys[slot], table.numbers[slot] = key, number
    return table


@inlined
def find_key_number(lookup: KeyNumbers, key: np.uint64) -> int:
    """Return the number of a key, or -1 for an unknown one."""
    mask = len(lookup.keys) - 1
    slot = _slot(key, mask)
    while lookup.keys[slot] != 0 and lookup.keys[slot] != key:
        slot = (slot + 1) & mask
    return int(lookup.numbers[slot]) if lookup.keys[slot] != 0 else -1
