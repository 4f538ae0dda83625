"""Signals of words: how many, how long, how many with a letter, which stop words, how varied; and of sentences."""

import functools
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from massivetext.compiled import compiled, uncompiled
from massivetext.signals import stop_lists
from massivetext.signals.definitions import MINI_CHARACTERS, MOST_STOP_WORDS
from massivetext.signals.hash_table import KeyNumbers, build_key_numbers, find_key_number, group_keys
from massivetext.signals.references import GOPHER_QUALITY, REDPAJAMA
from massivetext.signals.repetition import NgramCharacters
from massivetext.signals.scan import F64, I64, LETTER, LOWER_CASE, MINI, SENTENCE_END, UPPER_CASE, WordRecords
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios
from massivetext.signals.word_hash import extend_hash, word_hash

_LENGTHS = 64  # word lengths that are counted one by one; longer words are very rare
_quality = functools.partial(describe, family="words", source=GOPHER_QUALITY)
_variety = functools.partial(describe, family="words", source=REDPAJAMA)
_readability = functools.partial(
    describe, family="words", source="ours, after GneissWeb (Emami Gohari et al. 2025, readability)"
)


class WordCount(IntEnum):
    """Columns of :func:`count_words`; forms are words without case and without punctuation at their edges."""

    WORDS = 0
    WITH_LETTERS = 1
    ALL_CAPS = 2
    SENTENCES = 3
    STOP_WORDS = 4
    STOP_WORD_COPIES = 5
    MINI_WORDS = 6
    FORMS = 7
    DISTINCT_FORMS = 8
    MEDIAN_LENGTH = 9
    ENTROPY = 10


class StopWords(NamedTuple):
    """Stop words of several languages.

    Attributes:
        words: numbers of all stop words, by the hash of form and language.
        bits: uint64[words], the bit of each word within its language.
    """

    words: KeyNumbers
    bits: npt.NDArray[np.uint64]


def stop_words(languages: Sequence[Sequence[str]]) -> StopWords:
    """Return a table of stop words.

    Args:
        languages: at most 64 lower-case words per language; the number of a language is its index.

    Raises:
        ValueError: a list is too long, or contains a word twice.
    """
    if any(len(words) > MOST_STOP_WORDS for words in languages):
        most = max(map(len, languages))
        raise ValueError(f"stop words: want at most {MOST_STOP_WORDS} words per language, got {most}")
    with np.errstate(over="ignore"):  # arithmetic is modulo 2**64
        word_hashes = [
            uncompiled(extend_hash)(word_hash(word), np.uint64(language))
            for language, words in enumerate(languages)
            for word in words
        ]
    bits = [1 << index for words in languages for index in range(len(words))]
    return StopWords(build_key_numbers(np.array(word_hashes, np.uint64)), np.array(bits, np.uint64))


@functools.cache
def built_in_stop_words() -> tuple[object, ...]:
    """Return the table of the shipped lists. Raises UserError if their file is missing or damaged."""
    return stop_words(stop_lists.built_in().words)


@compiled
def count_words(text: ScannedText, counts: F64, stops: StopWords) -> None:
    """Fill float64[WordCount] for a text."""
    words, count = text.words, text.word_count
    with_letters = all_caps = sentences = copies = mini_words = stop_count = 0
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
            number = find_key_number(stops.words, extend_hash(word.form, np.uint64(text.language)))
            if number >= 0:
                copies += 1
                seen_stops |= stops.bits[number]
    if count and not words[count - 1].seen & SENTENCE_END:
        sentences += 1  # the last sentence has no end mark
    while seen_stops != 0:
        stop_count += int(seen_stops & np.uint64(1))
        seen_stops >>= np.uint64(1)
    counts[WordCount.WORDS] = count
    counts[WordCount.WITH_LETTERS] = with_letters
    counts[WordCount.ALL_CAPS] = all_caps
    counts[WordCount.SENTENCES] = sentences
    counts[WordCount.STOP_WORDS] = stop_count
    counts[WordCount.STOP_WORD_COPIES] = copies
    counts[WordCount.MINI_WORDS] = mini_words
    counts[WordCount.MEDIAN_LENGTH] = _median(words, count, lengths)
    _count_forms(text, counts)


@compiled
def _median(words: WordRecords, count: int, lengths: I64) -> float:
    """Return the median word length; for an even number of words the mean of the two in the middle."""
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
def _count_forms(text: ScannedText, counts: F64) -> None:
    """Count forms and distinct forms, and compute the entropy of their distribution, in nats."""
    words, buffers = text.words, text.buffers
    forms = 0
    for index in range(text.word_count):
        if words[index].form != 0:
            buffers.ngram_hashes[forms] = words[index].form
            forms += 1
    distinct = group_keys(text.table, buffers.ngram_hashes, forms, buffers.groups, buffers.copies)
    counts[WordCount.FORMS], counts[WordCount.DISTINCT_FORMS] = forms, distinct
    if not forms:
        return
    weighted = 0.0
    for number in range(distinct):
        copies = buffers.copies[number]
        if copies > 1:
            weighted += copies * np.log(copies)
    # Rounded to nine digits because the logarithms of two machines differ in the last ones.
    counts[WordCount.ENTROPY] = np.round(max(0.0, np.log(forms) - weighted / forms), 9)


def _formulas(counts: KernelCounts) -> Columns:
    total, sentences, forms = counts[WordCount.WORDS], counts[WordCount.SENTENCES], counts[WordCount.FORMS]
    return {
        "word_count": total,
        "mean_word_length": ratios(counts[NgramCharacters.ALL_WORDS], total),
        "median_word_length": counts[WordCount.MEDIAN_LENGTH],
        "alphabetic_word_frac": ratios(counts[WordCount.WITH_LETTERS], total),
        "all_caps_word_frac": ratios(counts[WordCount.ALL_CAPS], total),
        "stop_word_count": counts[WordCount.STOP_WORDS],
        "stop_word_frac": ratios(counts[WordCount.STOP_WORD_COPIES], total),
        "unique_word_frac": ratios(counts[WordCount.DISTINCT_FORMS], forms),
        "unigram_entropy": counts[WordCount.ENTROPY],
        "sentence_count": sentences,
        "mcalpine_eflaw": ratios(forms + counts[WordCount.MINI_WORDS], sentences),
    }


GROUP = SignalGroup(
    signals=(
        _quality("word_count", "count", "Words: runs of characters between white space."),
        _quality("mean_word_length", "characters", "Mean characters of a word, punctuation included."),
        _quality("alphabetic_word_frac", "share", "Share of words with at least one letter of any script."),
        _quality(
            "stop_word_count",
            "count",
            "How many of the stop words of its language occur at all, case and punctuation at the edges ignored; the "
            "lists are in `filters/lists/stop_words.toml` (English: the paper's eight), and a language without one is "
            "held against the English one.",
        ),
        _variety("stop_word_frac", "share", "Share of words that are such stop words."),
        _variety(
            "median_word_length", "characters", "Median characters of a word; of an even number the middle two's mean."
        ),
        _variety(
            "all_caps_word_frac", "share", "Share of words of two or more characters whose letters are all upper-case."
        ),
        _variety(
            "unique_word_frac",
            "share",
            "Distinct words divided by words, case and punctuation at the edges ignored, and words of nothing else.",
        ),
        _variety("unigram_entropy", "nats", "Entropy of the distribution of those words, to nine decimals."),
        _variety(
            "sentence_count",
            "count",
            "Sentences: words that end in `.`, `!`, `?` or another sentence mark, with quotes or brackets after it or "
            "none, and the last word in any case.",
        ),
        _readability(
            "mcalpine_eflaw",
            "ratio",
            "McAlpine EFLAW, a score of readability: words plus words of at most "
            f"{MINI_CHARACTERS} characters, divided by sentences; punctuation at the edges of a word and "
            "words of nothing else do not count.",
        ),
    ),
    columns=WordCount,
    count=count_words,
    tables=built_in_stop_words,
    formulas=_formulas,
)
