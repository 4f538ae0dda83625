"""The ported signals of datatrove, each on texts small enough to count by hand."""

import pytest

from massivetext.signals.ported import datatrove


def test_punctuation_is_no_word_but_a_token() -> None:
    # Tokens "To", "be", ",", "of", "course", "!": four of six have a letter; their lengths are 2, 2, 2 and 6.
    measured = datatrove.datatrove_signals("To be, of course!")

    assert measured["word_count"] == 4
    assert measured["mean_word_length"] == 3.0
    assert measured["alphabetic_word_frac"] == 4 / 6
    assert measured["stop_word_count"] == 2  # "To" is none


def test_stop_words_are_distinct() -> None:
    assert datatrove.datatrove_signals("the the the the")["stop_word_count"] == 1


def test_symbols_are_divided_by_all_tokens() -> None:
    # Tokens "a", "#", "b", "...", ".": "......" would be one token and two ellipses.
    measured = datatrove.datatrove_signals("a # b ... .")

    assert measured["hash_to_word_ratio"] == 1 / 5
    assert measured["ellipsis_to_word_ratio"] == 1 / 5
    assert datatrove.datatrove_signals("a ......")["ellipsis_to_word_ratio"] == 2 / 2


def test_lines_end_at_every_kind_of_line_end_and_blank_ones_count() -> None:
    # Lines "• a", "", " - b", "* c…", "d... ": two of five begin with a bullet, two end in an ellipsis.
    measured = datatrove.datatrove_signals("• a\n\n - b\r* c…\x0cd... ")

    assert measured["bullet_line_frac"] == 2 / 5
    assert measured["ellipsis_line_frac"] == 2 / 5


def test_later_copies_of_lines_are_held_against_the_whole_text() -> None:
    # Lines "ab", "ab", "c", "ab", parted by runs of line feeds; paragraphs "ab\nab", "c", "ab"; 12 characters.
    measured = datatrove.datatrove_signals("ab\nab\n\nc\n\nab")

    assert measured["duplicate_line_frac"] == 2 / 4
    assert measured["duplicate_line_char_frac"] == 4 / 12
    assert measured["duplicate_paragraph_frac"] == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab cde f", 6 / 8),  # "ab cde", once
        ("a", 0.0),
        ("a b a b", 2 * 3 / 7),
    ],
)
def test_the_top_n_gram_has_its_spaces(text: str, expected: float) -> None:
    assert datatrove.datatrove_signals(text)["top_2_gram_char_frac"] == expected


def test_duplicate_n_grams_are_compared_by_characters_alone() -> None:
    # "abcdef" is spelled twice, by five words and by five others.
    assert datatrove.datatrove_signals("ab c d e f a bc d e f")["duplicate_5_gram_char_frac"] == 6 / 21
