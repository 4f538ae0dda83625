"""The set of the shingles of a text."""

import numpy as np

from massivetext.compiled import compiled_and_cached
from massivetext.schema import U64
from massivetext.shingles.shingle_stream import read_shingles, stream_buffer
from massivetext.shingles.word_classes import WordTables, word_tables
from massivetext.shingles.word_stream import word_buffer
from massivetext.utf8 import U8


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


@compiled_and_cached
def _shingles(data: U8, n: int, tables: WordTables, spelling: U8, hashes: U64, shingles: U64) -> U64:
    """Return the shingles of one text in the order of its words."""
    found = np.empty(len(shingles), np.uint64)
    at = carried = total = 0
    while at < len(data):
        at, carried, count = read_shingles(data, at, len(data), n, tables, spelling, hashes, carried, shingles)
        if total + count > len(found):
            larger = np.empty(2 * (total + count), np.uint64)
            larger[:total] = found[:total]
            found = larger
        found[total : total + count] = shingles[:count]
        total += count
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
