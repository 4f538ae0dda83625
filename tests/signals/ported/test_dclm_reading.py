"""The ported signals of DCLM, each on texts small enough to count by hand."""

import fasttext
import pytest

from massivetext.signals.ported import dclm


@pytest.mark.parametrize("text", ['"Hello (see a b', "a\xa0b c\x00d e\x0bf\x0cg\rh", "1st #2 - ß", "\u2003a b"])
def test_words_are_those_of_fasttext_that_begin_with_a_letter_or_digit(text: str) -> None:
    expected = [word for word in fasttext.FastText.tokenize(text) if word[0].isalnum()]

    assert dclm.dclm_signals(text)["word_count"] == len(expected)


def test_symbols_of_all_kinds_are_one_ratio() -> None:
    # Words "#", "a...", ".", ".", ".", "…": one hash, one "...", one ". . .", one "…".
    assert dclm.dclm_signals("# a... . . . …")["symbol_to_word_ratio"] == 4 / 6


def test_lines_are_stripped_and_blank_ones_left_out() -> None:
    # Lines "● a", "* b", "- c…", "d . . .".
    measured = dclm.dclm_signals(" ● a\n\n* b\n- c…\n \nd . . . \n")

    assert measured["bullet_line_frac"] == 3 / 4
    assert measured["ellipsis_line_frac"] == 2 / 4


def test_stop_words_count_by_copies_in_any_case() -> None:
    assert dclm.dclm_signals("The the THE, with")["stop_word_count"] == 3


def test_every_copy_of_a_line_or_paragraph_is_a_duplicate() -> None:
    # Lines "ab", "c", "ab": 4 of 5 characters; paragraphs "ab\nc", "ab".
    measured = dclm.dclm_signals("ab\nc\n\n ab ")

    assert measured["duplicate_line_frac"] == 2 / 3
    assert measured["duplicate_line_char_frac"] == 4 / 5
    assert measured["duplicate_paragraph_frac"] == 0.0


def test_of_equally_frequent_n_grams_the_longest_is_the_top() -> None:
    # Words x, yy, zzz, x, yy, zzz without their punctuation: "yy zzz" twice, 10 of 12 characters.
    assert dclm.dclm_signals("x, yy zzz. x yy (zzz)")["top_2_gram_char_frac"] == 10 / 12
    assert dclm.dclm_signals("ab cde f")["top_2_gram_char_frac"] == 0.0  # each once


def test_words_of_n_grams_are_parted_by_unicode_boundaries() -> None:
    # "a-b" is two words, "can't" one: "a b" twice, 4 of 9 characters.
    assert dclm.dclm_signals("a-b can't a b")["top_2_gram_char_frac"] == 4 / 9
