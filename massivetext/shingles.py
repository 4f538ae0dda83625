"""Shingles: hashes of the word n-grams that near-duplicate search and test-set filtering compare.

Rae et al. 2021, A.1.1, compare documents by the Jaccard similarity of their 13-grams; to raise recall they normalise
white space and ignore punctuation. They do not mention case, so it counts unless a caller asks for lower case.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import mmh3
import numpy as np
import regex

from massivetext import hashing
from massivetext.schema import U64

_PUNCTUATION = regex.compile(r"\p{P}+")
_SPACE = re.compile(r"\s")  # matches the same characters as str.split
CHUNK_CHARACTERS = 1 << 20  # characters that are split into words at once: limits the memory for a long book
CACHED_WORDS, _CACHED_LENGTH = 1 << 17, 48  # at most about 20 MB per cache


def shingle_hashes(
    text: str,
    n: int = 13,
    *,
    lowercase: bool = False,
    chunk_characters: int = CHUNK_CHARACTERS,
    cached_words: int = CACHED_WORDS,
) -> U64:
    """Return the sorted distinct 64-bit hashes of the word n-grams of a text.

    The words are :func:`normalised_words`. A text of fewer than ``n`` words has one shingle, its whole word sequence;
    a text without words has none (an empty array). Scripts without spaces, such as Chinese, give few and long words, so
    their texts match only if whole runs between spaces are equal.

    The hashes depend on the words only: not on the platform, the process or earlier texts.

    Raises:
        ValueError: ``n`` is less than 1.
    """
    if n < 1:
        raise ValueError(f"shingle_hashes: want n of at least 1 word, got {n}")
    words = _word_hashes(text, lowercase, chunk_characters, cached_words)
    if not words.size:
        return words
    length = min(n, words.size)
    return _sorted_distinct(hashing.mix64_in_place(_window_sums(words, length) + np.uint64(length)))


def normalised_words(text: str, lowercase: bool = False) -> list[str]:
    """Return the words of a text without characters of Unicode category P, and without words that are then empty.

    Punctuation is removed, not turned into a space: "don't" gives "dont", "and/or" gives "andor". Symbols (category S,
    such as "$", "=" and "<") stay. Empty for a text without words.
    """
    return [word for raw in text.split() if (word := _normalise(raw, lowercase))]


def _normalise(raw: str, lowercase: bool) -> str:
    word = raw if raw.isalnum() else _PUNCTUATION.sub("", raw)
    return word.lower() if lowercase else word


def _word_hash(raw: str, lowercase: bool) -> int:
    word = _normalise(raw, lowercase)
    if not word:
        return 0  # no word
    return mmh3.hash64(word.encode("utf-8", "surrogatepass"), signed=False)[0] or 1


class WordHashes(dict[str, int]):
    """Cache of the hash of each raw word; emptied when it is full, so its memory is bounded."""

    def __init__(self, lowercase: bool, capacity: int) -> None:
        super().__init__()
        self._lowercase, self._capacity = lowercase, capacity

    def __missing__(self, raw: str) -> int:
        value = _word_hash(raw, self._lowercase)
        if len(raw) <= _CACHED_LENGTH:
            if len(self) >= self._capacity:
                self.clear()
            self[raw] = value
        return value


@lru_cache(maxsize=2)
def _cache(lowercase: bool, capacity: int) -> WordHashes:
    return WordHashes(lowercase, capacity)


def _word_hashes(text: str, lowercase: bool, chunk_characters: int, cached_words: int) -> U64:
    look_up = _cache(lowercase, cached_words).__getitem__
    pieces = []
    for chunk in _chunks(text, chunk_characters):
        raw = chunk.split()
        pieces.append(np.fromiter(map(look_up, raw), dtype=np.uint64, count=len(raw)))
    hashes = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
    real: U64 = hashes[hashes != 0]
    return real


def _chunks(text: str, size: int) -> Iterator[str]:
    start = 0
    while len(text) - start > size:
        space = _SPACE.search(text, start + size)
        if space is None:
            break
        yield text[start : space.start()]
        start = space.end()
    yield text[start:] if start else text


def _window_sums(hashes: U64, length: int) -> U64:
    """Return the sum of ``hash * M**exponent`` over each window of ``length`` hashes, modulo 2**64.

    Exponents fall from ``length - 1`` to 0. A window is composed of windows of 1, 2, 4, ... hashes, by the binary
    digits of ``length``: a length of 13 takes five passes over the array instead of twelve.
    """
    total: U64 | None = None
    covered, power, size = 0, hashes, 1  # power: sums over windows of `size` hashes
    count = hashes.size - length + 1
    while True:
        if length & size:
            following = power[covered : covered + count]
            total = following if total is None else total * _scale(size) + following
            covered += size
        if size * 2 > length:
            break
        power = power[:-size] * _scale(size) + power[size:]
        size *= 2
    assert total is not None
    return total


def _scale(exponent: int) -> np.uint64:
    return np.uint64(pow(int(hashing.SEQUENCE), exponent, hashing.MASK + 1))


def _sorted_distinct(values: U64) -> U64:
    values = np.sort(values)
    first = np.empty(values.size, dtype=bool)
    first[0] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    distinct: U64 = values[first]
    return distinct
