"""The set of the shingles of a text, or of each of many."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from massivetext.compiled import compiled, compiled_and_cached
from massivetext.schema import U64
from massivetext.shingles.shingle_stream import read_shingles, stream_buffer
from massivetext.shingles.word_classes import WordTables, word_tables
from massivetext.shingles.word_stream import word_buffer
from massivetext.utf8 import U8, utf8

I64 = npt.NDArray[np.int64]


def shingle_hashes(text: str, n: int = 13, *, lowercase: bool = False) -> U64:
    """Return the sorted distinct 64-bit hashes of the word n-grams of a text.

    The words are :func:`massivetext.shingles.normalised_words`. A text of fewer than ``n`` words has one shingle, its
    whole word sequence; a text without words has none (an empty array).

    The hashes depend on the words only: not on the platform, the process or other texts.

    Raises:
        ValueError: ``n`` is less than 1.
    """
    if n < 1:
        raise ValueError(f"shingle_hashes: want n of at least 1 word, got {n}")
    data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    hashes, shingles = stream_buffer(n), stream_buffer(n)
    found = _shingles(data, n, word_tables(lowercase), word_buffer(len(data)), hashes, shingles)
    return _sorted_distinct(found)


@compiled
def _appended(found: U64, total: int, more: U64, count: int) -> U64:
    """Return an array that holds the first numbers of one and behind them those of another: the same, if they fit."""
    if total + count > len(found):
        larger = np.empty(2 * (total + count), np.uint64)
        larger[:total] = found[:total]
        found = larger
    found[total : total + count] = more[:count]
    return found


@compiled_and_cached
def _shingles(data: U8, n: int, tables: WordTables, spelling: U8, hashes: U64, shingles: U64) -> U64:
    """Return the shingles of one text in the order of its words."""
    found = np.empty(len(shingles), np.uint64)
    at = carried = total = 0
    while at < len(data):
        at, carried, count = read_shingles(data, at, len(data), n, tables, spelling, hashes, carried, shingles)
        found = _appended(found, total, shingles, count)
        total += count
    return found[:total].copy()


def shingle_hashes_of(texts: Sequence[str] | pa.Array, n: int = 13, *, lowercase: bool = False) -> tuple[I64, U64]:
    """Return :func:`shingle_hashes` of each text, in one compiled pass over their UTF-8.

    Returns:
        (bounds, hashes): int64[texts + 1]; the hashes of text ``i`` are those from ``bounds[i]`` to ``bounds[i + 1]``.

    Raises:
        ValueError: ``n`` is less than 1.
    """
    if n < 1:
        raise ValueError(f"shingle_hashes_of: want n of at least 1 word, got {n}")
    data, ends = utf8(texts)
    longest = int(np.diff(ends).max(initial=0))
    bounds = np.zeros(len(ends), np.int64)
    hashes, shingles = stream_buffer(n), stream_buffer(n)
    found = _shingles_of(data, ends, n, word_tables(lowercase), word_buffer(longest), hashes, shingles, bounds)
    return bounds, found


@compiled_and_cached
def _shingles_of(
    data: U8, ends: I64, n: int, tables: WordTables, spelling: U8, hashes: U64, shingles: U64, bounds: I64
) -> U64:
    found = np.empty(len(shingles), np.uint64)
    total = 0
    for text in range(len(ends) - 1):
        at, stop, carried, first = ends[text], ends[text + 1], 0, total
        while at < stop:
            at, carried, count = read_shingles(data, at, stop, n, tables, spelling, hashes, carried, shingles)
            found = _appended(found, total, shingles, count)
            total += count
        own = found[first:total]
        own.sort()
        total = first
        for value in own:
            if total == first or value != found[total - 1]:
                found[total] = value
                total += 1
        bounds[text + 1] = total
    return found[:total].copy()


def _sorted_distinct(values: U64) -> U64:
    if not values.size:
        return values
    values = np.sort(values)
    first = np.empty(values.size, dtype=bool)
    first[0] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    distinct: U64 = values[first]
    return distinct
