"""Compiled search: which items of an index a text may hold, and where exactly.

The index knows every sequence of five words of the items. A text is split into words and each of its sequences is
looked up: in a bitmap that stops most foreign ones, then in a hash table of positions, where the words themselves are
compared. Only texts that share enough sequences with an item are looked at again, word by word.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.decontaminate.matching_words import split_matching_words

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SEQUENCE_WORDS = 5
NOWHERE = np.uint32(0xFFFFFFFF)
_COMMON = np.uint32(1 << 31)  # bit of a position in the table; there are fewer than 2**31 - 1 words
_ONE = np.uint64(1)
_M = np.uint64(0xD1342543DE82EF95)
_M2, _M3, _M4 = (np.uint64(pow(int(_M), power, 1 << 64)) for power in (2, 3, 4))
_MIX, _SHIFT = np.uint64(0x9FB21C651E98DF25), np.uint64(29)
_HALF = np.uint32(16)
_ZERO, _NINE = 0x30, 0x39
_BYTE, _BIT = np.uint64(3), np.uint64(7)
TELLING_WORDS = 3  # of five that say something
_MOST_PLACES = 256  # of a text that are looked at for each place of an item: a page may say a phrase a million times
_STRONG = 4  # sequences in a row (8 words) that count wherever in a document they are
_GAP = 40  # words
SLACK = 300  # words that may stand between the words of an item, beyond its own


class SequenceTable(NamedTuple):
    """What the compiled search reads of an index; see :class:`massivetext.decontaminate.index.ItemIndex`."""

    words: U32
    item_starts: I64
    following: U32
    heads: U32
    bitmap: U8
    sequences_wanted: U32


class SearchRoom(NamedTuple):
    """Room of a search, for all items: zero and False between two searches.

    Attributes:
        counts: sequences that a text shares with each item.
        touched: items with a count.
        runs: rows of: last place in the text, last position in the index, length of the run.
        wanted: whether the text shares enough with each item.
        uses: matches of each word of all items that are written.
    """

    counts: U32
    touched: U32
    runs: U32
    wanted: Flags
    uses: U32


class CharacterTables(NamedTuple):
    """What splits a text into words: ``matching_characters()`` and ``number_words()``."""

    characters: U32
    numbers: U32


@compiled
def _sequence_hash(words: U32, at: int) -> np.uint64:
    value = (
        np.uint64(words[at]) * _M4
        + np.uint64(words[at + 1]) * _M3
        + np.uint64(words[at + 2]) * _M2
        + np.uint64(words[at + 3]) * _M
        + np.uint64(words[at + 4])
    )
    value = (value ^ value >> _SHIFT) * _MIX
    return value ^ value >> _SHIFT


@compiled
def _same(a: U32, at: int, b: U32, bt: int, length: int) -> bool:
    for index in range(length):  # noqa: SIM110  compiled
        if a[at + index] != b[bt + index]:
            return False
    return True


@compiled
def _find(words: U32, at: int, value: np.uint64, stored: U32, heads: U32) -> np.uint32:
    """Return the first position of the five words in the table; NOWHERE if there is none, or if they are common."""
    mask = np.uint64(len(heads) - 1)
    slot = value & mask
    while heads[slot] != NOWHERE:
        position = heads[slot] & ~_COMMON
        if _same(words, at, stored, int(position), SEQUENCE_WORDS):
            return NOWHERE if heads[slot] & _COMMON else position
        slot = (slot + _ONE) & mask
    return NOWHERE


@compiled_and_cached
def index_sequences(
    words: U32, chosen: Flags, item_starts: I64, limit: int, heads: U32, following: U32, bitmap: U8, compared: Flags
) -> None:
    """Fill the hash table, the chains and the bitmap with the sequences of all items.

    Sets ``compared`` for the positions where a sequence begins that texts are compared by. Those that are not
    ``chosen`` are left out: rows of digits or single letters are in many texts. One that occurs at more than ``limit``
    positions is common: it is marked in the table, and not in the bitmap.
    """
    counts = np.zeros(len(words), np.uint32)  # by first position
    for item in range(len(item_starts) - 1):
        for at in range(item_starts[item], item_starts[item + 1] - SEQUENCE_WORDS + 1):
            if chosen[at]:
                _add_sequence(words, at, heads, following, counts)
    shift = _bitmap_shift(bitmap)
    for slot in range(len(heads)):
        head = heads[slot]
        if head == NOWHERE:
            continue
        if counts[head] > limit:
            heads[slot] = head | _COMMON
            continue
        bit = _sequence_hash(words, int(head)) >> shift
        bitmap[bit >> _BYTE] |= np.uint8(1) << np.uint8(bit & _BIT)
        while head != NOWHERE:
            compared[head] = True
            head = following[head]


@compiled
def _add_sequence(words: U32, at: int, heads: U32, following: U32, counts: U32) -> None:
    mask = np.uint64(len(heads) - 1)
    slot = _sequence_hash(words, at) & mask
    while heads[slot] != NOWHERE and not _same(words, at, words, int(heads[slot]), SEQUENCE_WORDS):
        slot = (slot + _ONE) & mask
    head = heads[slot]
    if head == NOWHERE:
        heads[slot] = at
        counts[at] = 1
    else:
        following[at] = following[head]
        following[head] = at
        counts[head] += 1


@compiled_and_cached
def split_items(data: U8, offsets: I64, characters: U32, numbers: U32, words: U32, firsts: U32, lasts: U32) -> I64:
    """Write the words of all texts, one after the other, and return where those of each begin, and the end."""
    starts = np.zeros(len(offsets), np.int64)
    count = 0
    for text in range(len(offsets) - 1):
        added = split_matching_words(
            data, offsets[text], offsets[text + 1], characters, numbers, words[count:], firsts[count:], lasts[count:]
        )
        count += added
        starts[text + 1] = count
    return starts


@compiled_and_cached
def find_telling(data: U8, offsets: I64, starts: I64, words: U32, firsts: U32, lasts: U32, weak: U32) -> Flags:
    """Return which words of all items say something: of two bytes or more, no number, and none of a few weak ones.

    Args:
        data: UTF-8 of all items.
        offsets: first byte of each item, and the end of the last.
        starts: first word of each item, and the end.
        words: hash of each word.
        firsts: first byte of each word in the text of its item.
        lasts: the byte after its last.
        weak: hashes of the weak words.
    """
    first_bits = np.zeros(1 << 16, np.bool_)
    first_bits[weak >> _HALF] = True
    telling = np.zeros(len(words), np.bool_)
    for item in range(len(starts) - 1):
        for at in range(starts[item], starts[item + 1]):
            first = data[offsets[item] + firsts[at]]
            if lasts[at] - firsts[at] > 1 and not (_ZERO <= first <= _NINE):
                telling[at] = not (first_bits[words[at] >> _HALF] and (weak == words[at]).any())
    return telling


@compiled_and_cached
def find_ranges(begins: I64, ends: I64, owner: I64, starts: I64, firsts: U32, lasts: U32, compared: Flags) -> U32:
    """Return the words of each part of the items.

    Args:
        begins: first byte of each part in the text of its item.
        ends: the byte after its last.
        owner: its item.
        starts: first word of each item, and the end.
        firsts: first byte of each word in the text of its item.
        lasts: the byte after its last.
        compared: whether a sequence that texts are compared by begins at each word.

    Returns:
        uint32[parts, 4]: first word in the item, the word after the last, words in sequences that texts are compared
        by, number of these sequences.
    """
    ranges = np.zeros((len(begins), 4), np.uint32)
    for part in range(len(begins)):
        start, stop = starts[owner[part]], starts[owner[part] + 1]
        first = start + np.searchsorted(firsts[start:stop], begins[part])
        last = max(first, start + np.searchsorted(lasts[start:stop], ends[part], side="right"))
        sequences, tested, covered = 0, 0, first
        for at in range(first, last - SEQUENCE_WORDS + 1):
            if compared[at]:
                sequences += 1
                tested += at + SEQUENCE_WORDS - max(covered, at)
                covered = at + SEQUENCE_WORDS
        ranges[part, 0], ranges[part, 1] = first - start, last - start
        ranges[part, 2], ranges[part, 3] = tested, sequences
    return ranges


@compiled
def _bitmap_shift(bitmap: U8) -> np.uint64:
    """Return by how many bits a hash is shifted to select a bit."""
    shift, size = np.uint64(64), len(bitmap) * 8
    while size > 1:
        size >>= 1
        shift -= _ONE
    return shift


@compiled
def _item_at(item_starts: I64, position: int) -> int:
    low, high = 0, len(item_starts) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if item_starts[middle] <= position:
            low = middle
        else:
            high = middle
    return low


@compiled
def _look_up(words: U32, count: int, table: SequenceTable, places: U32, positions: U32) -> int:
    """Write where in a text sequences of items begin, and their first positions in the index; return how many."""
    shift = _bitmap_shift(table.bitmap)
    possible = 0
    for at in range(count - SEQUENCE_WORDS + 1):
        bit = _sequence_hash(words, at) >> shift
        places[possible] = at
        possible += int(table.bitmap[bit >> _BYTE] >> np.uint8(bit & _BIT) & 1)
    found = 0
    for index in range(possible):
        at = int(places[index])
        position = _find(words, at, _sequence_hash(words, at), table.words, table.heads)
        if position != NOWHERE:
            places[found], positions[found] = at, position
            found += 1
    return found


@compiled
def _count(
    found: int, places: U32, positions: U32, table: SequenceTable, run_wanted: int, room: SearchRoom
) -> tuple[int, bool]:
    """Count the sequences that a text shares with each item; return how many items, and whether one has enough."""
    marked, enough = 0, False
    for index in range(found):
        place, position = places[index], positions[index]
        while position != NOWHERE:
            item = _item_at(table.item_starts, int(position))
            run = room.runs[item]
            if not room.counts[item]:
                room.touched[marked] = item
                marked += 1
                run[2] = 0
            elif place == run[0] + 1 and position == run[1] + 1:
                run[2] += 1
            else:
                run[2] = 0
            room.counts[item] += 1
            run[0], run[1] = place, position
            if room.counts[item] >= table.sequences_wanted[item] or run[2] + 1 >= run_wanted:
                room.wanted[item] = enough = True
            position = table.following[position]
    return marked, enough


@compiled
def _clear(marked: int, room: SearchRoom) -> None:
    for index in range(marked):
        room.counts[room.touched[index]] = 0
        room.wanted[room.touched[index]] = False


@compiled_and_cached
def find_candidates(
    data: U8,
    offsets: I64,
    asked: Flags,
    tables: CharacterTables,
    table: SequenceTable,
    run_wanted: int,
    room: SearchRoom,
    longest: int,
    has_tiny: bool,
) -> Flags:
    """Return which of the texts asked for share enough with an item: the sequences wanted, or so many in a row.

    If ``has_tiny``, texts of one to four words are candidates too: there are such items. ``longest`` is the most words
    that a text can have.
    """
    words, firsts, lasts = (np.empty(longest, np.uint32), np.empty(longest, np.uint32), np.empty(longest, np.uint32))
    candidates = np.zeros(len(asked), np.bool_)
    for text in range(len(asked)):
        if not asked[text]:
            continue
        count = split_matching_words(
            data, int(offsets[text]), int(offsets[text + 1]), tables.characters, tables.numbers, words, firsts, lasts
        )
        found = _look_up(words, count, table, firsts, lasts)
        marked, enough = _count(found, firsts, lasts, table, run_wanted, room)
        candidates[text] = enough or (has_tiny and 0 < count < SEQUENCE_WORDS)
        _clear(marked, room)
    return candidates


@compiled_and_cached
def find_matches(words: U32, table: SequenceTable, run_wanted: int, room: SearchRoom) -> I64:
    """Return (item, place, position in the item) of every match with the items of which a text shares enough.

    Of a position that a text holds very often, the first places. Sorted by item, then by place, then by position.
    """
    places, positions = np.empty(len(words) + 1, np.uint32), np.empty(len(words) + 1, np.uint32)
    found = _look_up(words, len(words), table, places, positions)
    marked, _ = _count(found, places, positions, table, run_wanted, room)
    touched = room.touched[:marked]
    chosen = touched[room.wanted[touched]]
    chosen.sort()
    _count_matches(found, positions, table, room, chosen)
    total = 0
    for item in chosen:
        size = room.counts[item]
        room.counts[item] = total  # now the row of its next match
        total += int(size)
    matches = np.empty((total, 3), np.int64)
    for index in range(found):
        position = positions[index]
        while position != NOWHERE:
            item = _item_at(table.item_starts, int(position))
            if room.wanted[item] and room.uses[position]:
                room.uses[position] -= 1
                row = int(room.counts[item])
                room.counts[item] += 1
                matches[row, 0], matches[row, 1] = item, places[index]
                matches[row, 2] = position - table.item_starts[item]
                _move_up(matches, row)
            position = table.following[position]
    _clear(marked, room)
    return matches


@compiled
def _count_matches(found: int, positions: U32, table: SequenceTable, room: SearchRoom, chosen: U32) -> None:
    """Set the counts of the chosen items, and the uses of their positions, to the number of matches to write."""
    for item in chosen:
        room.counts[item] = 0
    for index in range(found):
        position = positions[index]
        while position != NOWHERE:
            item = _item_at(table.item_starts, int(position))
            if room.wanted[item] and room.uses[position] < _MOST_PLACES:
                room.uses[position] += 1
                room.counts[item] += 1
            position = table.following[position]


@compiled
def _move_up(matches: I64, row: int) -> None:
    """Put a match before those of the same item and place with a higher position: words that an item repeats."""
    while row and matches[row - 1, 0] == matches[row, 0] and matches[row - 1, 1] == matches[row, 1]:
        if matches[row - 1, 2] < matches[row, 2]:
            return
        matches[row - 1, 2], matches[row, 2] = matches[row, 2], matches[row - 1, 2]
        row -= 1


@compiled
def _runs(matches: I64, rows: I64) -> I64:
    """Return for each of some matches how many in a row end with it: neighbours in the text and in the item."""
    runs = np.ones(len(rows), np.int64)
    for index in range(len(rows)):
        place, position = matches[rows[index], 1], matches[rows[index], 2]
        back = index - 1
        while back >= 0 and matches[rows[back], 1] >= place - 1:
            if matches[rows[back], 1] == place - 1 and matches[rows[back], 2] == position - 1:
                runs[index] = runs[back] + 1
            back -= 1
    return runs


@compiled
def _fullest_window(matches: I64, rows: I64, first: int, length: int) -> tuple[int, int]:
    """Return the first and the last match of the passage with most different sequences of a part."""
    counts = np.zeros(length, np.int64)
    best, distinct, left, best_left, best_right = 0, 0, 0, 0, 0
    for right in range(len(rows)):
        at = matches[rows[right], 2] - first
        distinct += int(counts[at] == 0)
        counts[at] += 1
        while (
            matches[rows[right], 1] - matches[rows[left], 1] > length + SLACK
            or counts[matches[rows[left], 2] - first] > 1
        ):
            at = matches[rows[left], 2] - first
            counts[at] -= 1
            distinct -= int(counts[at] == 0)
            left += 1
        if distinct > best:
            best, best_left, best_right = distinct, left, right
    return best_left, best_right


@compiled_and_cached
def find_passage(matches: I64, first: int, last: int) -> tuple[int, int, int, int, int, int]:
    """Return where a text holds most of a part of an item, from its matches with the item.

    Args:
        matches: (item, place, position in the item) in the order of places.
        first: first word of the part in the item.
        last: word after its last.

    Returns:
        Number of words of the part that are found; first word of the passage in the text, the word after its last; the
        first found word of the part in the item, the word after its last; words of the longest run, shared in a row.
    """
    rows = np.flatnonzero((matches[:, 2] >= first) & (matches[:, 2] <= last - SEQUENCE_WORDS))
    if not len(rows):
        return 0, 0, 0, 0, 0, 0
    runs = _runs(matches, rows)
    left, right = _fullest_window(matches, rows, first, last - first)
    # Runs of eight words count wherever they are: an item that is cut in pieces.
    covered = np.zeros(last - first, np.bool_)
    text_words, text_end = 0, 0
    for index in range(len(rows)):
        inside = left <= index <= right
        if inside or runs[index] >= _STRONG:
            back = 0 if inside else runs[index] - 1
            at, end = matches[rows[index], 2] - first, matches[rows[index], 1] + SEQUENCE_WORDS
            covered[max(0, at - back) : at + SEQUENCE_WORDS] = True
            text_words += end - max(text_end, matches[rows[index], 1] - back)
            text_end = end
    found = np.flatnonzero(covered)
    # Single sequences far from the rest are counted, but the passage that people see begins where most of it is.
    while left < right and matches[rows[left + 1], 1] - matches[rows[left], 1] > _GAP:
        left += 1
    while left < right and matches[rows[right], 1] - matches[rows[right - 1], 1] > _GAP:
        right -= 1
    begin, end = matches[rows[left], 1], matches[rows[right], 1] + SEQUENCE_WORDS
    # An item that repeats itself is not found in a text that says it once.
    words = min(len(found), text_words)
    return words, begin, end, first + found[0], first + found[-1] + 1, runs.max() + SEQUENCE_WORDS - 1


@compiled_and_cached
def compare_closely(words: U32, begin: int, end: int, wanted: U32) -> tuple[int, int, int, int, int]:
    """Return how much of a short part stands in words ``begin`` to ``end`` of a text, in runs of five words or more.

    Unlike :func:`find_passage` it compares all words, common ones, digits and single letters too. Its time is the
    product of both lengths.

    Returns:
        Number of words of the part that are found; the first of them in the text, the word after the last; the first in
        the part, the word after the last.
    """
    covered, used = np.zeros(len(wanted), np.bool_), np.zeros(max(0, end - begin), np.bool_)
    for at in range(len(wanted) - SEQUENCE_WORDS + 1):
        for place in range(begin, end - SEQUENCE_WORDS + 1):
            if _same(words, place, wanted, at, SEQUENCE_WORDS):
                covered[at : at + SEQUENCE_WORDS] = True
                used[place - begin : place - begin + SEQUENCE_WORDS] = True
    found, places = np.flatnonzero(covered), np.flatnonzero(used)
    if not len(found):
        return 0, 0, 0, 0, 0
    # A part that repeats itself is not found in a text that says it once.
    count = min(len(found), len(places))
    return count, begin + places[0], begin + places[-1] + 1, found[0], found[-1] + 1


@compiled_and_cached
def find_words(words: U32, begin: int, end: int, wanted: U32) -> int:
    """Return where in words ``begin`` to ``end`` of a text the wanted words stand in a row; -1: nowhere."""
    for at in range(max(begin, 0), min(end, len(words)) - len(wanted) + 1):
        if _same(words, at, wanted, 0, len(wanted)):
            return at
    return -1
