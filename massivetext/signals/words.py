"""Signals of words, compiled: how many, how long, how many with a letter, which stop words, how varied."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.signals.compiled import compiled, plain
from massivetext.signals.definitions import MOST_STOP_WORDS
from massivetext.signals.hash_table import Lookup, Table, group, lookup_of, number_of
from massivetext.signals.repetition import Room
from massivetext.signals.scan import I64, LETTER, LOWER_CASE, MINI, SENTENCE_END, UPPER_CASE, Words, hash_of, join

# What is counted: the columns of `counts` and of `values`.
(WORDS, WITH_LETTERS, ALL_CAPS, SENTENCES, STOP_WORDS, STOP_WORD_COPIES, MINI_WORDS, FORMS, DISTINCT_FORMS) = range(9)
COUNTS = 9
(MEDIAN_LENGTH, ENTROPY) = range(2)
VALUES = 2

_LENGTHS = 64  # lengths that are counted one by one; hardly a word is as long


class StopWords(NamedTuple):
    """Stop words of several languages: their forms, each joined with the number of its language, and their bits."""

    keys: Lookup
    bits: npt.NDArray[np.uint64]


def stop_words(languages: Sequence[Sequence[str]]) -> StopWords:
    """A table of lists of at most 64 lower-case words; a language's number is its place.

    Raises:
        ValueError: a list is longer, or has a word twice.
    """
    if any(len(words) > MOST_STOP_WORDS for words in languages):
        raise ValueError(f"stop words: want at most {MOST_STOP_WORDS} a language, got {max(map(len, languages))}")
    with np.errstate(over="ignore"):  # arithmetic is modulo 2**64
        keys = [
            plain(join)(hash_of(word), np.uint64(language))
            for language, words in enumerate(languages)
            for word in words
        ]
    bits = [1 << place for words in languages for place in range(len(words))]
    return StopWords(lookup_of(np.array(keys, np.uint64)), np.array(bits, np.uint64))


@compiled
def count_words(
    words: Words, count: int, language: int, stops: StopWords, counts: I64, values: npt.NDArray[np.float64]
) -> None:
    """Counts the words of a text.

    Args:
        words: records of :data:`massivetext.signals.scan.WORD`.
        count: how many.
        language: number of the list of stop words.
        stops: those lists.
        counts: int64[COUNTS], filled but for the last two.
        values: float64[VALUES], the median filled.
    """
    with_letters = all_caps = sentences = copies = mini_words = 0
    seen_stops = np.uint64(0)
    lengths = np.zeros(_LENGTHS, np.int64)
    for index in range(count):
        word = words[index]
        seen = word.seen
        with_letters += (seen & LETTER) != 0
        all_caps += word.length > 1 and (seen & (UPPER_CASE | LOWER_CASE)) == UPPER_CASE
        sentences += (seen & SENTENCE_END) != 0
        mini_words += (seen & MINI) != 0
        lengths[min(word.length, _LENGTHS - 1)] += 1
        if word.form != 0:
            number = number_of(stops.keys, join(word.form, np.uint64(language)))
            if number >= 0:
                copies += 1
                seen_stops |= stops.bits[number]
    if count and not words[count - 1].seen & SENTENCE_END:
        sentences += 1  # the last one has no end
    counts[WORDS], counts[WITH_LETTERS], counts[ALL_CAPS], counts[SENTENCES] = count, with_letters, all_caps, sentences
    counts[STOP_WORD_COPIES], counts[MINI_WORDS] = copies, mini_words
    while seen_stops != 0:
        counts[STOP_WORDS] += np.int64(seen_stops & np.uint64(1))
        seen_stops >>= np.uint64(1)
    values[MEDIAN_LENGTH] = _median(words, count, lengths)


@compiled
def _median(words: Words, count: int, lengths: I64) -> float:
    """The median length; of an even number of words the mean of the two in the middle."""
    if count == 0:
        return 0.0
    low, high = (count - 1) // 2, count // 2
    passed, lower = 0, -1
    for length in range(_LENGTHS - 1):
        passed += lengths[length]
        if lower < 0 and passed > low:
            lower = length
        if passed > high:
            return (lower + length) / 2
    every = np.empty(count, np.int64)
    for index in range(count):
        every[index] = words[index].length
    every.sort()
    return float((every[low] + every[high]) / 2)


@compiled
def count_forms(
    words: Words, count: int, table: Table, room: Room, counts: I64, values: npt.NDArray[np.float64]
) -> None:
    """How varied the words of a text are, case and punctuation at their edges ignored.

    Args:
        words: records of :data:`massivetext.signals.scan.WORD`.
        count: how many.
        table: with room for them.
        room: likewise.
        counts: int64[COUNTS], the last two filled.
        values: float64[VALUES], the entropy filled, in nats.
    """
    forms = 0
    for index in range(count):
        if words[index].form != 0:
            room.keys[forms] = words[index].form
            forms += 1
    distinct = group(table, room.keys, forms, room.groups, room.copies)
    counts[FORMS], counts[DISTINCT_FORMS] = forms, distinct
    if not forms:
        return
    weighted = 0.0
    for number in range(distinct):
        copies = room.copies[number]
        if copies > 1:
            weighted += copies * np.log(copies)
    # To nine digits: the last ones differ from one machine's logarithm to another's.
    values[ENTROPY] = np.round(max(0.0, np.log(forms) - weighted / forms), 9)
