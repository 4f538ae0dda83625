"""Words, symbols and sizes: values worked out by hand."""

import pytest

from massivetext.signals.batch import Batch, normal_form
from massivetext.signals.symbols import measure as measure_symbols
from massivetext.signals.words import STOP_WORDS
from massivetext.signals.words import measure as measure_words


def word_signal(name: str, text: str) -> float:
    return float(measure_words(Batch([text]))[name][0])


def symbol_signal(name: str, text: str) -> float:
    return float(measure_symbols(Batch([text]))[name][0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        (" \n\t\u3000\u00a0", 0),  # white space of every kind parts words
        ("one", 1),
        ("well-known (words), stay\u2003whole", 4),
        ("a\x1cb\x85c", 3),  # what str.split takes for white space
        ("zero\u200bwidth", 1),  # a zero-width space is not white space
    ],
)
def test_word_count_counts_runs_between_white_space(text: str, expected: int) -> None:
    assert word_signal("word_count", text) == expected


# "ab," 3, "c" 1, "é" 1 (one code point), "e\u0301" 2 (two)
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("ab, c", 2.0), ("é", 1.0), ("e\u0301", 2.0), ("😀 ab", 1.5)]
)
def test_mean_word_length_counts_code_points_with_punctuation(text: str, expected: float) -> None:
    assert word_signal("mean_word_length", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0.0),
        ("a1 2 3 4", 0.25),
        ("1st 22 --", 1 / 3),
        ("語 й ع", 1.0),  # letters of any script
        ("① ² _", 0.0),  # digits and connectors are no letters
    ],
)
def test_alphabetic_word_frac_wants_one_letter_a_word(text: str, expected: float) -> None:
    assert word_signal("alphabetic_word_frac", text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("the the the", 1),  # distinct words, not occurrences
        ("The, “THAT” (of) to!", 4),  # case and edge punctuation ignored
        ("them to-be a", 0),  # whole words only
        (" ".join(STOP_WORDS), 8),
    ],
)
def test_stop_word_count_counts_distinct_words(text: str, expected: int) -> None:
    assert word_signal("stop_word_count", text) == expected


@pytest.mark.parametrize(
    ("word", "expected"), [("", ""), ("...", ""), ("“Don't!”", "don't"), ("__A__", "a"), ("¿Qué?", "qué"), ("A1", "a1")]
)
def test_normal_form_is_lower_case_without_edges(word: str, expected: str) -> None:
    assert normal_form(word) == expected


# "#a ## b": 3 hashes over 3 words.
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("#", 1.0), ("#a ## b", 1.0), ("a b c d", 0.0), ("# a", 0.5)]
)
def test_hash_to_word_ratio_counts_every_hash(text: str, expected: float) -> None:
    assert symbol_signal("hash_to_word_ratio", text) == expected


# "......" holds two "..." that do not overlap; "...." one.
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("a...", 1.0), ("a......", 2.0), ("a....", 1.0), ("a… b...", 1.0), ("a.. b", 0.0)]
)
def test_ellipsis_to_word_ratio_counts_both_forms(text: str, expected: float) -> None:
    assert symbol_signal("ellipsis_to_word_ratio", text) == expected


def test_hashes_and_ellipses_are_not_added_up() -> None:
    assert symbol_signal("hash_to_word_ratio", "# …") == 0.5
    assert symbol_signal("ellipsis_to_word_ratio", "# …") == 0.5


@pytest.mark.parametrize(("text", "characters", "size"), [("", 0, 0), ("a b", 3, 3), ("é", 1, 2), ("語😀", 2, 7)])
def test_sizes_are_code_points_and_utf8_bytes(text: str, characters: int, size: int) -> None:
    assert symbol_signal("character_count", text) == characters
    assert symbol_signal("byte_count", text) == size
