"""Repetition of n-grams: characters within the most frequent one, and within all that occur more than once.

An n-gram is n words one after the other, compared as they stand, and its characters are those of its words. Characters
that lie in several n-grams count once, all copies count (Rae et al. 2021, A.1.1: "taking care not to count characters
that occur in overlapping n-grams more than once"), and shares are of all characters that are not white space.

An n-gram is the hash of its words. Only where two repeated n-grams begin side by side can a repeated one of n+1 words
begin, so what has to be looked at shrinks with every n, and most texts are done after five.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.signals.compiled import compiled
from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.hash_table import Table, group
from massivetext.signals.scan import Words, join

LONGEST = DUPLICATE_SIZES[-1]
ALL = 0  # place of the characters of all words among the counts

_LAST_TOP = TOP_SIZES[-1]


class Room(NamedTuple):
    """Arrays for the n-grams of one text, with an entry for every word.

    Attributes:
        ends: int64[capacity + 1], characters of words before each.
        at: int32, word at which an n-gram begins.
        keys: uint64, hash of it.
        groups: int32, number of it among the distinct ones.
        copies: int32, how often each of those occurs.
        covered: int32, characters within the copies of each.
        stops: int32, word after the last copy of each.
    """

    ends: npt.NDArray[np.int64]
    at: npt.NDArray[np.int32]
    keys: npt.NDArray[np.uint64]
    groups: npt.NDArray[np.int32]
    copies: npt.NDArray[np.int32]
    covered: npt.NDArray[np.int32]
    stops: npt.NDArray[np.int32]


@compiled
def room(most_words: int) -> Room:
    """Arrays for texts of so many words."""
    return Room(
        np.empty(most_words + 1, np.int64),
        np.empty(most_words, np.int32),
        np.empty(most_words, np.uint64),
        np.empty(most_words, np.int32),
        np.empty(most_words, np.int32),
        np.empty(most_words, np.int32),
        np.empty(most_words, np.int32),
    )


@compiled
def repetition(words: Words, count: int, table: Table, room: Room, characters: npt.NDArray[np.int64]) -> None:
    """Characters within repeated n-grams of a text of ``count`` words.

    Args:
        words: records of :data:`massivetext.signals.scan.WORD`.
        count: how many.
        table: with room for them.
        room: likewise.
        characters: int64[11], filled: at index n those of the top n-gram (n from 2 to 4) or of the duplicate n-grams
            (5 to 10); at index ALL those of all words.
    """
    characters[:] = 0
    room.ends[0] = 0
    for index in range(count):
        room.ends[index + 1] = room.ends[index] + words[index].length
        room.at[index], room.keys[index] = index, words[index].hash
    characters[ALL] = room.ends[count]
    left = count
    for size in range(1, LONGEST + 1):
        if size > 1:
            left = _lengthen(words, left, room, size)
        found = group(table, room.keys, left, room.groups, room.copies)
        left = _repeated(left, room)
        if not left:
            return
        if size > _LAST_TOP:
            characters[size] = _covered(left, room, size)
        elif size > 1:
            characters[size] = _top(left, found, room, size)


@compiled
def _lengthen(words: Words, count: int, room: Room, size: int) -> int:
    """Makes n-grams one word longer of those that begin side by side; returns how many there are."""
    made = 0
    for index in range(count - 1):
        start = room.at[index]
        if room.at[index + 1] == start + 1:
            room.at[made] = start
            room.keys[made] = join(room.keys[index], words[start + size - 1].hash)
            made += 1
    return made


@compiled
def _repeated(count: int, room: Room) -> int:
    """Keeps the n-grams that occur more than once; returns how many that are."""
    kept = 0
    for index in range(count):
        if room.copies[room.groups[index]] > 1:
            room.at[kept], room.keys[kept], room.groups[kept] = room.at[index], room.keys[index], room.groups[index]
            kept += 1
    return kept


@compiled
def _covered(count: int, room: Room, size: int) -> int:
    """Characters within n-grams, each counted once."""
    covered, stop = 0, 0
    for index in range(count):
        start = room.at[index]
        covered += room.ends[start + size] - room.ends[max(start, stop)]
        stop = start + size
    return covered


@compiled
def _top(count: int, groups: int, room: Room, size: int) -> int:
    """Characters within the most frequent n-gram, each counted once; of equally frequent ones the most."""
    most = room.copies[:groups].max()
    room.covered[:groups] = 0
    room.stops[:groups] = 0
    best = 0
    for index in range(count):
        number = room.groups[index]
        if room.copies[number] == most:
            start = room.at[index]
            room.covered[number] += room.ends[start + size] - room.ends[max(start, room.stops[number])]
            room.stops[number] = start + size
            best = max(best, room.covered[number])
    return best
