"""Shingles: hashes of the word n-grams that near-duplicate search and test-set filtering compare.

Rae et al. 2021, A.1.1, compares documents by the Jaccard similarity of their 13-grams; to raise recall it normalises
white space and ignores punctuation. Case is not mentioned, so it is kept unless asked otherwise.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import mmh3
import numpy as np
import regex

from massivetext.schema import U64

_PUNCTUATION = regex.compile(r"\p{P}+")
_SPACE = re.compile(r"\s")  # exactly what str.split takes for white space
_CHUNK = 1 << 20  # characters that are split into words at a time: bounds the memory of a long book
_CACHED_WORDS, _CACHED_LENGTH = 1 << 17, 48  # at most some 20 MB a cache

# Odd, so that no hash is lost in a product; 5 modulo 8, so that M**d - 1 has few factors of two and swapped words
# (whose hashes would differ by a multiple of it) collide with probability 2**-59 at most for n up to 16.
_MULTIPLIER = 0xD1342543DE82EF95
_MASK = (1 << 64) - 1


def shingle_hashes(text: str, n: int = 13, *, lowercase: bool = False) -> U64:
    """Sorted distinct 64-bit hashes of the word n-grams of a text.

    The words are :func:`normalised_words`. A text of fewer than ``n`` words has one shingle, its whole word sequence;
    a text without words has none (an empty array). Scripts written without spaces, such as Chinese, give few and long
    words, so their texts match only where whole stretches between spaces agree.

    The hashes depend on the words alone: not on the platform, the process or the texts hashed before.

    Raises:
        ValueError: ``n`` is less than 1.
    """
    if n < 1:
        raise ValueError(f"shingle_hashes: want n of at least 1 word, got {n}")
    words = _word_hashes(text, lowercase)
    if not words.size:
        return words
    length = min(n, words.size)
    return _sorted_distinct(mix(_window_sums(words, length) + np.uint64(length)))


def normalised_words(text: str, lowercase: bool = False) -> list[str]:
    """The words of a text without the characters of Unicode category P; words of nothing else are left out.

    Punctuation is removed, not turned into a space: "don't" gives "dont", "and/or" gives "andor". Symbols (category S,
    such as "$", "=" and "<") stay. Empty for a text without words.
    """
    return [word for raw in text.split() if (word := _normalise(raw, lowercase))]


def mix(values: U64) -> U64:
    """Each 64-bit value scrambled, one to one, so that every bit depends on all (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _normalise(raw: str, lowercase: bool) -> str:
    word = raw if raw.isalnum() else _PUNCTUATION.sub("", raw)
    return word.lower() if lowercase else word


def _word_hash(raw: str, lowercase: bool) -> int:
    word = _normalise(raw, lowercase)
    if not word:
        return 0  # means: no word
    return mmh3.hash64(word.encode("utf-8", "surrogatepass"), signed=False)[0] or 1


class _WordHashes(dict[str, int]):
    """Hash of each raw word, worked out once; emptied when it is full, so its memory is bounded."""

    def __init__(self, lowercase: bool) -> None:
        super().__init__()
        self._lowercase = lowercase

    def __missing__(self, raw: str) -> int:
        value = _word_hash(raw, self._lowercase)
        if len(raw) <= _CACHED_LENGTH:
            if len(self) >= _CACHED_WORDS:
                self.clear()
            self[raw] = value
        return value


@lru_cache(maxsize=2)
def _cache(lowercase: bool) -> _WordHashes:
    return _WordHashes(lowercase)


def _word_hashes(text: str, lowercase: bool) -> U64:
    look_up = _cache(lowercase).__getitem__
    parts = []
    for chunk in _chunks(text):
        raw = chunk.split()
        parts.append(np.fromiter(map(look_up, raw), dtype=np.uint64, count=len(raw)))
    hashes = parts[0] if len(parts) == 1 else np.concatenate(parts)
    real: U64 = hashes[hashes != 0]
    return real


def _chunks(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _CHUNK:
        space = _SPACE.search(text, start + _CHUNK)
        if space is None:
            break
        yield text[start : space.start()]
        start = space.end()
    yield text[start:] if start else text


def _window_sums(hashes: U64, length: int) -> U64:
    """Sum of ``hash * M**place`` over each window of ``length`` hashes, modulo 2**64.

    Windows are put together from windows of 1, 2, 4, ... hashes, as the binary digits of ``length`` say: 13 takes five
    steps over the array instead of twelve.
    """
    total: U64 | None = None
    covered, power, size = 0, hashes, 1  # power: sums over windows of `size` hashes
    count = hashes.size - length + 1
    while True:
        if length & size:
            part = power[covered : covered + count]
            total = part if total is None else total * _scale(size) + part
            covered += size
        if size * 2 > length:
            break
        power = power[:-size] * _scale(size) + power[size:]
        size *= 2
    assert total is not None
    return total


def _scale(places: int) -> np.uint64:
    return np.uint64(pow(_MULTIPLIER, places, _MASK + 1))


def _sorted_distinct(values: U64) -> U64:
    values = np.sort(values)
    first = np.empty(values.size, dtype=bool)
    first[0] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    distinct: U64 = values[first]
    return distinct
