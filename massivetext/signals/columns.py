"""From counts to signals: shares and means of what the compiled loop has counted."""

from typing import Any

import numpy as np
import numpy.typing as npt

from massivetext.signals import kernel, line_counts, repetition, scan, words
from massivetext.signals.definitions import DUPLICATE_SIZES, TOP_SIZES
from massivetext.signals.kernel import Measured
from massivetext.signals.scan import I64

Columns = dict[str, npt.NDArray[Any]]
F64 = npt.NDArray[np.float64]


def ratios(numerators: npt.ArrayLike, denominators: npt.ArrayLike) -> F64:
    """Quotients, 0.0 where the denominator is 0."""
    top, bottom = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)


def columns(measured: Measured, sizes: I64) -> Columns:
    """Every signal that needs no model, by name.

    Args:
        measured: counts of each text.
        sizes: its bytes.
    """
    return {
        **_words(measured),
        **_characters(measured, sizes),
        **_lines(measured),
        **_repetition(measured),
        **_code(measured),
        "unsafe_phrase_count": measured.phrases,
        "unsafe_phrase_weight": 1000.0 * ratios(measured.weights, measured.words[:, words.WORDS]),
    }


def _words(measured: Measured) -> Columns:
    counts, values = measured.words.T, measured.values.T
    total = counts[words.WORDS]
    return {
        "word_count": total,
        "mean_word_length": ratios(measured.repeated[:, repetition.ALL], total),
        "median_word_length": values[words.MEDIAN_LENGTH],
        "alphabetic_word_frac": ratios(counts[words.WITH_LETTERS], total),
        "all_caps_word_frac": ratios(counts[words.ALL_CAPS], total),
        "stop_word_count": counts[words.STOP_WORDS],
        "stop_word_frac": ratios(counts[words.STOP_WORD_COPIES], total),
        "unique_word_frac": ratios(counts[words.DISTINCT_FORMS], counts[words.FORMS]),
        "unigram_entropy": values[words.ENTROPY],
        "sentence_count": counts[words.SENTENCES],
        "mcalpine_eflaw": ratios(counts[words.FORMS] + counts[words.MINI_WORDS], counts[words.SENTENCES]),
    }


def _characters(measured: Measured, sizes: I64) -> Columns:
    counts, total = measured.characters.T, measured.words[:, words.WORDS]
    characters, feeds = counts[scan.CHARACTERS], counts[scan.LINE_FEEDS]
    return {
        "character_count": characters,
        "byte_count": sizes,
        "hash_to_word_ratio": ratios(counts[scan.HASHES], total),
        "ellipsis_to_word_ratio": ratios(counts[scan.ELLIPSES], total),
        "curly_bracket_frac": ratios(counts[scan.BRACES], characters),
        "uppercase_letter_frac": ratios(counts[scan.UPPERS], counts[scan.LETTERS]),
        "digit_frac": ratios(counts[scan.DIGITS], measured.repeated[:, repetition.ALL]),
        "alphanumeric_frac": ratios(counts[scan.ALPHANUMERIC], characters),
        "longest_line_length": counts[scan.LONGEST_LINE],
        "mean_line_length": ratios(characters - feeds, feeds + 1),
    }


def _lines(measured: Measured) -> Columns:
    counts = measured.lines.T
    total = counts[line_counts.LINES]
    return {
        "line_count": total,
        "paragraph_count": counts[line_counts.PARAGRAPHS],
        "mean_line_words": ratios(measured.words[:, words.WORDS], total),
        "bullet_line_frac": ratios(counts[line_counts.BULLETS], total),
        "ellipsis_line_frac": ratios(counts[line_counts.ELLIPSIS_ENDS], total),
        "terminal_line_frac": ratios(counts[line_counts.TERMINAL_ENDS], total),
        "short_line_frac": ratios(counts[line_counts.SHORT], total),
        "javascript_line_count": counts[line_counts.SCRIPTS],
        "policy_line_count": counts[line_counts.POLICIES],
        "lorem_ipsum_count": counts[line_counts.LOREMS],
        "duplicate_line_frac": ratios(counts[line_counts.LATER_LINES], total),
        "duplicate_line_char_frac": ratios(
            counts[line_counts.LATER_LINE_CHARACTERS], counts[line_counts.LINE_CHARACTERS]
        ),
        "duplicate_paragraph_frac": ratios(counts[line_counts.LATER_PARAGRAPHS], counts[line_counts.PARAGRAPHS]),
        "duplicate_paragraph_char_frac": ratios(
            counts[line_counts.LATER_PARAGRAPH_CHARACTERS], counts[line_counts.PARAGRAPH_CHARACTERS]
        ),
    }


def _code(measured: Measured) -> Columns:
    counts, characters = measured.code.T, measured.characters[:, scan.CHARACTERS]
    return {
        "alphabetic_frac": ratios(measured.characters[:, scan.LETTERS], characters),
        "comment_frac": ratios(counts[kernel.COMMENTS], characters),
        "encoded_frac": ratios(counts[kernel.ENCODED], characters),
        "longest_encoded_length": counts[kernel.LONGEST_ENCODED],
        "generated_mark_count": counts[kernel.GENERATED],
    }


def _repetition(measured: Measured) -> Columns:
    counts = measured.repeated.T
    shares = {size: ratios(counts[size], counts[repetition.ALL]) for size in range(2, repetition.LONGEST + 1)}
    top = {f"top_{size}_gram_char_frac": shares[size] for size in TOP_SIZES}
    return top | {f"duplicate_{size}_gram_char_frac": shares[size] for size in DUPLICATE_SIZES}
