"""Signals of symbols, kinds of characters, and size; the scan itself counts what they need."""

import functools

from massivetext.signals.references import GOPHER_QUALITY, REDPAJAMA, REPORTED
from massivetext.signals.repetition import NgramCharacters
from massivetext.signals.scan import CharacterCount
from massivetext.signals.signal import describe
from massivetext.signals.signal_group import Columns, KernelCounts, SignalGroup, ratios
from massivetext.signals.words import WordCount

_symbols = functools.partial(describe, family="symbols", source=GOPHER_QUALITY)
_characters = functools.partial(describe, family="characters", source=REDPAJAMA)
_size = functools.partial(describe, family="size", source=REPORTED)


def _formulas(counts: KernelCounts) -> Columns:
    characters, words = counts[CharacterCount.CHARACTERS], counts[WordCount.WORDS]
    return {
        "hash_to_word_ratio": ratios(counts[CharacterCount.HASHES], words),
        "ellipsis_to_word_ratio": ratios(counts[CharacterCount.ELLIPSES], words),
        "curly_bracket_frac": ratios(counts[CharacterCount.BRACES], characters),
        "uppercase_letter_frac": ratios(counts[CharacterCount.UPPERS], counts[CharacterCount.LETTERS]),
        "digit_frac": ratios(counts[CharacterCount.DIGITS], counts[NgramCharacters.ALL_WORDS]),
        "character_count": characters,
        "byte_count": counts.sizes,
    }


GROUP = SignalGroup(
    signals=(
        _symbols("hash_to_word_ratio", "ratio", "Hash signs (`#`) divided by words."),
        _symbols(
            "ellipsis_to_word_ratio",
            "ratio",
            "Ellipses (`...` without overlap, or `…`) divided by words; apart from the hashes, as the paper says "
            '"either".',
        ),
        _characters("curly_bracket_frac", "share", "Share of characters that are `{` or `}`."),
        _characters("uppercase_letter_frac", "share", "Share of letters that are upper-case."),
        _characters("digit_frac", "share", "Share of characters that are decimal digits, white space left out."),
        _size("character_count", "characters", "Characters (Unicode code points), white space included.", whole=True),
        _size("byte_count", "bytes", "Bytes of the text in UTF-8."),
    ),
    formulas=_formulas,
)
