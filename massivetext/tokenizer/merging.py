"""Merging of the characters of one pretoken into pieces, as SentencePiece's BPE does it, for compiled code.

Of all neighbours that make a piece, those with the best score are merged first, the leftmost ones among equals, until
no two neighbours make a piece (Sennrich et al. 2016; sentencepiece/src/bpe_model.cc).
"""

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled
from massivetext.tokenizer.normal_form import U8, decode
from massivetext.tokenizer.piece_tables import I32, NO_MERGE, U64, UNKNOWN, find_merge

I64 = npt.NDArray[np.int64]

FEW = 40  # characters of a pretoken up to which looking through all neighbours is faster than a heap (measured)
_POSITION = 0xFFFFFFFF
_RANK = 32
_STALE = NO_MERGE + 1  # no rank


@compiled
def merge_pretoken(
    characters: I32, merges: U64, shift: np.uint64, data: U8, start: int, stop: int, values: I64, made: I64
) -> int:
    """Find the symbols of the pieces of ``data[start:stop]``, and return how many there are.

    For an unknown character, which makes nothing with its neighbours, the symbol is -1 minus its position in ``data``.

    Args:
        characters: as in :class:`massivetext.tokenizer.piece_tables.Vocabulary`.
        merges: the same.
        shift: the same.
        data: valid UTF-8.
        start: where the pretoken begins.
        stop: where it ends.
        values: filled with the symbols; has room for ``stop - start``, as the next one.
        made: working memory for what each symbol makes with the next one, which is also the rank of this merge.
    """
    count = _split_characters(characters, data, start, stop, values)
    for index in range(count - 1):
        made[index] = find_merge(merges, shift, values[index], values[index + 1])
    if count <= FEW:
        return _merge_few(merges, shift, values, made, count)
    return _merge_many(merges, shift, values, made, count)


@compiled
def _split_characters(characters: I32, data: U8, start: int, stop: int, values: I64) -> int:
    count, position = 0, start
    while position < stop:
        code, size = decode(data, position)
        values[count] = characters[code] if characters[code] != UNKNOWN else -1 - position
        position += size
        count += 1
    return count


@compiled
def _merge_few(merges: U64, shift: np.uint64, values: I64, made: I64, count: int) -> int:
    """Merge by looking through all neighbours each time."""
    while True:
        best, at = NO_MERGE, 0
        for index in range(count - 1):
            if made[index] < best:
                best, at = made[index], index
        if best == NO_MERGE:
            return count
        values[at] = best
        count -= 1
        for index in range(at + 1, count):
            values[index], made[index] = values[index + 1], made[index + 1]
        if at + 1 < count:
            made[at] = find_merge(merges, shift, best, values[at + 1])
        if at > 0:
            made[at - 1] = find_merge(merges, shift, values[at - 1], best)


@compiled
def _merge_many(merges: U64, shift: np.uint64, values: I64, made: I64, count: int) -> int:
    """Merge with a heap of neighbours: n log n steps for n characters.

    An entry of the heap is the rank of a merge and the position of the left neighbour. It is out of date if what the
    symbol at this position makes with the next one is something else by now.
    """
    heap, size = np.empty(2 * count, np.int64), 0
    following, before = np.arange(1, count + 1), np.arange(-1, count - 1)
    made[count - 1] = NO_MERGE
    size = _fill(heap, made, count)
    while size:
        top, size = _pop(heap, size)
        at = int(top & _POSITION)
        if made[at] != top >> _RANK:
            continue
        gone, previous = following[at], before[at]
        next_ = following[gone]
        values[at], made[at], made[gone] = made[at], NO_MERGE, _STALE
        following[at] = next_
        if size + 2 > len(heap):
            size = _fill(heap, made, count)
        if next_ < count:
            before[next_] = at
            made[at] = find_merge(merges, shift, values[at], values[next_])
            size = _push(heap, size, made, at)
        if previous >= 0:
            made[previous] = find_merge(merges, shift, values[previous], values[at])
            size = _push(heap, size, made, previous)
    found, index = 0, 0
    while index < count:
        values[found] = values[index]
        found += 1
        index = following[index]
    return found


@compiled
def _fill(heap: I64, made: I64, count: int) -> int:
    """Fill the heap with the entries that are up to date, and return their number."""
    size = 0
    for index in range(count):
        size = _push(heap, size, made, index)
    return size


@compiled
def _push(heap: I64, size: int, made: I64, position: int) -> int:
    if made[position] >= NO_MERGE:
        return size
    entry = made[position] << _RANK | position
    at = size
    while at > 0 and heap[(at - 1) >> 1] > entry:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = entry
    return size + 1


@compiled
def _pop(heap: I64, size: int) -> tuple[int, int]:
    top, last = heap[0], heap[size - 1]
    size -= 1
    at = 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= last:
            break
        heap[at] = heap[child]
        at = child
    if size:
        heap[at] = last
    return top, size
