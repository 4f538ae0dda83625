"""Signals of repeated n-grams: characters within the most frequent one, and within all that occur more than once.

An n-gram is n consecutive words, compared exactly; its characters are those of its words. Characters within several
n-grams count once, and all copies count (Rae et al. 2021, A.1.1: "taking care not to count characters that occur in
overlapping n-grams more than once"). Shares are of all characters that are not white space.

An n-gram is represented by a hash of its words. A repeated n-gram of n+1 words can begin only where two repeated
n-grams of n words begin at consecutive words, so there are fewer candidates with every n, and most texts are done after
five.
"""

import functools
from enum import IntEnum

from massivetext.compiled import compiled
from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.hash_table import group_keys
from massivetext.signals.ngram_buffers import NgramBuffers
from massivetext.signals.references import GOPHER_REPETITION
from massivetext.signals.scan import F64, WordRecords
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios
from massivetext.signals.word_hash import extend_hash

_LAST_TOP = TOP_SIZES[-1]
_LONGEST = DUPLICATE_SIZES[-1]
_repetition = functools.partial(describe, family="repetition", source=GOPHER_REPETITION)


class NgramCharacters(IntEnum):
    """Characters within repeated n-grams, by n: the top n-gram for n from 2 to 4, duplicate n-grams from 5 to 10."""

    ALL_WORDS = 0
    UNUSED = 1
    OF_2 = 2
    OF_3 = 3
    OF_4 = 4
    OF_5 = 5
    OF_6 = 6
    OF_7 = 7
    OF_8 = 8
    OF_9 = 9
    OF_10 = 10


@compiled
def count_repetition(text: ScannedText, counts: F64) -> None:
    """Fill float64[NgramCharacters] for a text."""
    words, buffers = text.words, text.buffers
    buffers.ends[0] = 0
    for index in range(text.word_count):
        buffers.ends[index + 1] = buffers.ends[index] + words[index].length
        buffers.at[index], buffers.ngram_hashes[index] = index, words[index].hash
    counts[NgramCharacters.ALL_WORDS] = buffers.ends[text.word_count]
    left = text.word_count
    for size in range(1, _LONGEST + 1):
        if size > 1:
            left = _lengthen(words, left, buffers, size)
        found = group_keys(text.table, buffers.ngram_hashes, left, buffers.groups, buffers.copies)
        left = _keep_repeated(left, buffers)
        if not left:
            return
        if size > _LAST_TOP:
            counts[size] = _covered(left, buffers, size)
        elif size > 1:
            counts[size] = _top(left, found, buffers, size)


@compiled
def _lengthen(words: WordRecords, count: int, buffers: NgramBuffers, size: int) -> int:
    """Replace n-grams that begin at consecutive words by n-grams one word longer; return their number."""
    made = 0
    for index in range(count - 1):
        start = buffers.at[index]
        if buffers.at[index + 1] == start + 1:
            buffers.at[made] = start
            buffers.ngram_hashes[made] = extend_hash(buffers.ngram_hashes[index], words[start + size - 1].hash)
            made += 1
    return made


@compiled
def _keep_repeated(count: int, buffers: NgramBuffers) -> int:
    """Keep the n-grams that occur more than once; return their number."""
    kept = 0
    for index in range(count):
        group = buffers.groups[index]
        if buffers.copies[group] > 1:
            buffers.at[kept], buffers.ngram_hashes[kept] = buffers.at[index], buffers.ngram_hashes[index]
            buffers.groups[kept] = group
            kept += 1
    return kept


@compiled
def _covered(count: int, buffers: NgramBuffers, size: int) -> int:
    """Return the number of characters within the n-grams, each counted once."""
    covered, stop = 0, 0
    for index in range(count):
        start = buffers.at[index]
        covered += buffers.ends[start + size] - buffers.ends[max(start, stop)]
        stop = start + size
    return covered


@compiled
def _top(count: int, groups: int, buffers: NgramBuffers, size: int) -> int:
    """Return the number of characters within the most frequent n-gram, each counted once; of several, the largest."""
    most = buffers.copies[:groups].max()
    buffers.covered[:groups] = 0
    buffers.stops[:groups] = 0
    best = 0
    for index in range(count):
        number = buffers.groups[index]
        if buffers.copies[number] == most:
            start = buffers.at[index]
            buffers.covered[number] += buffers.ends[start + size] - buffers.ends[max(start, buffers.stops[number])]
            buffers.stops[number] = start + size
            best = max(best, buffers.covered[number])
    return best


def _formulas(counts: KernelCounts) -> Columns:
    total = counts[NgramCharacters.ALL_WORDS]
    shares = {size: ratios(counts[NgramCharacters(size)], total) for size in (*TOP_SIZES, *DUPLICATE_SIZES)}
    top = {f"top_{size}_gram_char_frac": shares[size] for size in TOP_SIZES}
    return {**top, **{f"duplicate_{size}_gram_char_frac": shares[size] for size in DUPLICATE_SIZES}}


GROUP = SignalGroup(
    signals=(
        *(
            _repetition(
                f"top_{n}_gram_char_frac",
                "share",
                f"Characters within the most frequent run of {n} words (of equally frequent ones the one that covers "
                "most), divided by the characters of all words; overlapping copies count once; 0 if none occurs twice.",
            )
            for n in TOP_SIZES
        ),
        *(
            _repetition(
                f"duplicate_{n}_gram_char_frac",
                "share",
                f"Characters within any run of {n} words that occurs more than once, all copies, each character once, "
                "divided by the characters of all words.",
            )
            for n in DUPLICATE_SIZES
        ),
    ),
    columns=NgramCharacters,
    count=count_repetition,
    formulas=_formulas,
)
