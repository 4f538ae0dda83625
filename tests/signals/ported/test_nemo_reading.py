"""The ported signals of NeMo, each on texts small enough to count by hand."""

import pytest

from massivetext.signals.ported import nemo


@pytest.mark.parametrize(
    ("word", "symbol"),
    [("#", True), ("##", False), ("#a", False), ("...", True), ("[…]", True), ("a...", False), ("-»", True)],
)
def test_symbols_are_whole_words(word: str, symbol: bool) -> None:
    assert nemo.nemo_signals(f"{word} b")["symbol_to_word_ratio"] == symbol / 2


def test_lines_are_stripped_and_blank_ones_left_out() -> None:
    # Lines "‣ a", "- b", "c Read More", "d [...]": hyphens are no bullets.
    measured = nemo.nemo_signals(" ‣ a\n\n- b\n \nc Read More\nd [...] ")

    assert measured["bullet_line_frac"] == 1 / 4
    assert measured["ellipsis_line_frac"] == 2 / 4


def test_stop_words_count_by_copies_as_they_stand() -> None:
    assert nemo.nemo_signals("the the The the,")["stop_word_count"] == 2


def test_later_copies_count_and_paragraphs_may_be_empty() -> None:
    # Paragraphs "a", "", "bc", "", "bc": two of five are copies, of 2 of 5 characters.
    measured = nemo.nemo_signals("a\n\n\n\nbc\n\n\n\nbc")

    assert measured["duplicate_paragraph_frac"] == 2 / 5
    assert measured["duplicate_paragraph_char_frac"] == 2 / 5
    assert measured["duplicate_line_frac"] == 1 / 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b xa by", 6 / 9),  # "a b" once as words, and once more inside longer ones
        ("a\nb c d", 0.0),  # "a b" comes first, once, and does not occur with a space
        ("abc", 1.0),  # too short for a run of two
    ],
)
def test_the_top_n_gram_is_looked_for_in_the_text_itself(text: str, expected: float) -> None:
    assert nemo.nemo_signals(text)["top_2_gram_char_frac"] == expected


def test_duplicate_n_grams_have_the_spaces_within_them() -> None:
    # The later copies "a b c d e" and "b c d e f" overlap: 6 letters and 5 spaces of 23 characters.
    assert nemo.nemo_signals("a b c d e f a b c d e f")["duplicate_5_gram_char_frac"] == 11 / 23
