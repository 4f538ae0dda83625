"""The ported signals of Dolma, each on texts small enough to count by hand."""

import pytest

from massivetext.signals.ported import dolma

# Of the paper's vectors: n-gram mass is counted with its overlaps, most frequent ones without taking those off.


def test_duplicate_n_grams_are_a_share_of_all_n_grams(passage: str, laughter: str) -> None:
    assert dolma.dolma_signals(passage)["duplicate_5_gram_char_frac"] == pytest.approx(0.273, abs=5e-4)
    assert dolma.dolma_signals(laughter)["duplicate_5_gram_char_frac"] == 1.0


def test_the_top_n_gram_counts_overlaps_twice(laughter: str, rhyme: str) -> None:
    # 19 copies of "ha ha" in 40 characters; 2 copies of "sat on the" in 78.
    assert dolma.dolma_signals(laughter)["top_2_gram_char_frac"] == 19 * 4 / 40
    assert dolma.dolma_signals(rhyme)["top_3_gram_char_frac"] == 2 * 8 / 78


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab cde f", 5 / 6),  # each once: the first one counts
        ("a", 0.0),
        ("x yy zzz x yy zzz", 6 / 12),  # "x yy" and "yy zzz" twice each: the one that comes first
        ("yy zzz x yy zzz x", 10 / 12),
    ],
)
def test_of_equally_frequent_n_grams_the_first_is_the_top(text: str, expected: float) -> None:
    assert dolma.dolma_signals(text)["top_2_gram_char_frac"] == expected


def test_every_copy_of_a_line_is_a_duplicate_and_blank_lines_are_lines() -> None:
    # Lines "ab c", "", "ab c", "", "d": four of five have a copy; 8 characters of theirs, 7 of the words.
    measured = dolma.dolma_signals("ab c\n\nab c\n\nd")

    assert measured["duplicate_line_frac"] == 4 / 5
    assert measured["duplicate_line_char_frac"] == 8 / 7


def test_line_ends_are_read_as_they_stand() -> None:
    # Of six lines two begin with a bullet, the third after a space; two end in an ellipsis, one before a space.
    measured = dolma.dolma_signals("* a\n-b\n - c\nd…\ne…\nf… ")

    assert measured["bullet_line_frac"] == 2 / 6
    assert measured["ellipsis_line_frac"] == 2 / 6
    assert dolma.dolma_signals("a...")["ellipsis_line_frac"] == 0.0


def test_symbols_are_words_with_one_in_them() -> None:
    assert dolma.dolma_signals("## a#b c… d ...")["symbol_to_word_ratio"] == 3 / 5


def test_stop_words_are_counted_by_copies_as_they_stand() -> None:
    assert dolma.dolma_signals("the the The the, with")["stop_word_count"] == 3
