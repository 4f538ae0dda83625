"""Hash tables of 64-bit keys for compiled code: what is equal among many keys, and which number a known key has.

Keys are taken to be mixed already: bits of their middle choose the place, linear probing the next one. A table of keys
that are grouped is at most half full, one of known keys an eighth: most that are asked for are not among them, and the
first place says so.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.signals.compiled import compiled, inlined, plain

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]


@inlined
def _slot(key: np.uint64, mask: int) -> int:
    return int(key >> np.uint64(20)) & mask


class Table(NamedTuple):
    """Room for grouping keys, used again for every text: entries of an older generation count as empty.

    Attributes:
        keys: uint64[capacity], a power of two.
        groups: int32[capacity], number of the group of each key.
        stamps: uint32[capacity], generation of each entry.
        generation: uint32[1], of the last call.
    """

    keys: U64
    groups: I32
    stamps: npt.NDArray[np.uint32]
    generation: npt.NDArray[np.uint32]


@compiled
def room(most_keys: int) -> Table:
    """A table for so many keys at a time."""
    capacity = capacity_for(most_keys)
    return Table(
        np.zeros(capacity, np.uint64),
        np.zeros(capacity, np.int32),
        np.zeros(capacity, np.uint32),
        np.zeros(1, np.uint32),
    )


@compiled
def capacity_for(keys: int) -> int:
    """The smallest power of two that is twice as many, and at least 16."""
    capacity = 16
    while capacity < 2 * keys:
        capacity *= 2
    return capacity


@compiled
def group(table: Table, keys: U64, count: int, groups: I32, copies: I32) -> int:
    """Numbers the distinct values of ``keys[:count]`` in order of first appearance, and returns how many there are.

    Args:
        table: with room for ``count`` keys.
        keys: uint64.
        count: how many of them.
        groups: int32, filled with the number of each key.
        copies: int32, filled with how often the keys of each number occur.
    """
    # A small text uses a small part of the table, which stays in the cache.
    mask = capacity_for(count) - 1
    table.generation[0] += np.uint32(1)
    if table.generation[0] == 0:  # all numbers were used
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


class Lookup(NamedTuple):
    """Numbers of known keys: uint64[capacity] keys, 0 where there is none, and int32[capacity] numbers."""

    keys: U64
    numbers: I32


def lookup_of(keys: U64) -> Lookup:
    """Key ``i`` has number ``i``. Raises ValueError where a key is 0 or comes twice."""
    capacity = plain(capacity_for)(4 * len(keys))
    table = Lookup(np.zeros(capacity, np.uint64), np.zeros(capacity, np.int32))
    for number, key in enumerate(keys):
        slot = plain(_slot)(key, capacity - 1)
        while table.keys[slot]:
            if table.keys[slot] == key:
                raise ValueError(f"lookup: want each key once, got key {number} again")
            slot = (slot + 1) & (capacity - 1)
        if not key:
            raise ValueError(f"lookup: want keys other than 0, got it as key {number}")
        table.keys[slot], table.numbers[slot] = key, number
    return table


@inlined
def number_of(lookup: Lookup, key: Any) -> int:
    """The number of a key, or -1."""
    mask = len(lookup.keys) - 1
    slot = _slot(key, mask)
    while lookup.keys[slot] != 0 and lookup.keys[slot] != key:
        slot = (slot + 1) & mask
    return int(lookup.numbers[slot]) if lookup.keys[slot] != 0 else -1
