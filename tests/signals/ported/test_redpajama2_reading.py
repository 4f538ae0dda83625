"""The ported signals of RedPajama-V2, each on texts small enough to count by hand."""

from massivetext.signals.ported import redpajama2


def test_words_have_no_ascii_punctuation() -> None:
    # Words "dont", "stop", "–" and "e" with its accent apart: lengths 4, 4, 1 and 2.
    measured = redpajama2.redpajama2_signals("Don't stop! – é -")

    assert measured["word_count"] == 4
    assert measured["mean_word_length"] == 11 / 4


def test_symbols_are_divided_by_words_and_runs_of_marks() -> None:
    # Runs "a", "#", "b", "...": one hash, one ellipsis.
    assert redpajama2.redpajama2_signals("a#b...")["symbol_to_word_ratio"] == 2 / 4


def test_only_latin_letters_are_letters() -> None:
    assert redpajama2.redpajama2_signals("ab ж, 1")["alphabetic_word_frac"] == 1 / 4


def test_blank_lines_are_lines_but_the_end_of_the_last_is_none() -> None:
    # Lines "– a", "", "- b…".
    measured = redpajama2.redpajama2_signals(" – a\n\n- b… \n")

    assert measured["bullet_line_frac"] == 1 / 3
    assert measured["ellipsis_line_frac"] == 1 / 3


def test_the_top_n_gram_comes_twice_at_least() -> None:
    # "x yy" and "yy x" twice each in lower case: the first one, 6 of 9 characters.
    assert redpajama2.redpajama2_signals("X yy x, YY! x yy")["top_2_gram_char_frac"] == 3 * 3 / 9
    assert redpajama2.redpajama2_signals("a b c")["top_2_gram_char_frac"] == 0.0
