"""A signal group of its own in one module, as an author would add it: the share of words that begin with a vowel."""

from enum import IntEnum

import numpy as np

from massivetext.compiled import compiled
from massivetext.signals.scan import F64
from massivetext.signals.scanned_text import ScannedText
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios
from massivetext.signals.words import WordCount

_VOWELS = np.array([ord(vowel) for vowel in "aeiouAEIOU"], np.int32)


class VowelCount(IntEnum):
    VOWEL_WORDS = 0
    LONGEST = 1


@compiled
def count_vowel_words(text: ScannedText, counts: F64) -> None:
    for index in range(text.word_count):
        if _begins_with_vowel(text.words[index].first):
            counts[VowelCount.VOWEL_WORDS] += 1
            counts[VowelCount.LONGEST] = max(counts[VowelCount.LONGEST], text.words[index].length)


@compiled
def _begins_with_vowel(first: int) -> bool:
    found = False
    for vowel in _VOWELS:
        found |= vowel == first
    return found


def _formulas(counts: KernelCounts) -> Columns:
    return {
        "vowel_word_frac": ratios(counts[VowelCount.VOWEL_WORDS], counts[WordCount.WORDS]),
        "longest_vowel_word_length": counts[VowelCount.LONGEST],
    }


GROUP = SignalGroup(
    signals=(
        describe(
            "vowel_word_frac",
            "share",
            "Share of words whose first character is a vowel of ASCII.",
            family="vowels",
            source="ours: a test",
        ),
        describe(
            "longest_vowel_word_length",
            "characters",
            "Characters of the longest such word.",
            family="vowels",
            source="ours: a test",
            whole=True,
        ),
    ),
    columns=VowelCount,
    count=count_vowel_words,
    formulas=_formulas,
)
