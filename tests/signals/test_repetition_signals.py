"""Repeated n-grams: golden vectors and values worked out by hand."""

import pytest

from massivetext import signals
from massivetext.signals.definitions import DUPLICATE_SIZES

TWELVE = "one two three four five six one two three four five six seven eight nine ten eleven twelve"
HA = "ha " * 19 + "ha"
CAT = "the cat sat on the mat and the dog sat on the mat while the bird sang a song about the sea and the sky"


def signal(name: str, *texts: str) -> list[float]:
    return [float(value) for value in signals.measure(texts)[f"{name}_gram_char_frac"].to_pylist()]


# "one" to "six" twice: 44 of 73 characters, the middle of both copies counted once.
def test_duplicate_5_grams_count_all_copies_once() -> None:
    assert signal("duplicate_5", TWELVE) == [pytest.approx(44 / 73)]
    assert round(44 / 73, 3) == 0.603


def test_one_word_over_and_over_is_all_duplicate() -> None:
    assert signal("duplicate_5", HA) == [1.0]
    assert signal("duplicate_10", HA) == [1.0]


def test_overlapping_copies_of_the_top_n_gram_count_once() -> None:
    assert signal("top_2", HA) == [1.0]


# "sat on the" twice: 16 of 78. "on the mat" is as frequent and as long, so the tie does not matter.
def test_top_3_gram_is_the_most_frequent_one() -> None:
    assert signal("top_3", CAT) == [pytest.approx(16 / 78)]
    assert round(16 / 78, 3) == 0.205


# "aaaa b" and "c d" both twice: the first covers 10 of the 16 characters, the second 4.
def test_of_equally_frequent_n_grams_the_one_that_covers_most_counts() -> None:
    assert signal("top_2", "c d aaaa b e aaaa b f c d") == [pytest.approx(10 / 16)]


# "a b" three times beats "longword longer", twice, whatever they cover: 6 of 6 + 28 = 34.
def test_frequency_goes_before_length() -> None:
    assert signal("top_2", "a b longword longer a b longword longer a b") == [pytest.approx(6 / 34)]


# "a b a b c": 5 characters; "a b" twice. "a a a": "a a" at 0 and 1 covers all three words.
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("a", 0.0), ("a b", 0.0), ("a b c d", 0.0), ("a b a b c", 0.8), ("a a a", 1.0)]
)
def test_top_2_gram_needs_two_copies(text: str, expected: float) -> None:
    assert signal("top_2", text) == [expected]


@pytest.mark.parametrize("size", DUPLICATE_SIZES)
def test_a_run_of_n_words_is_a_duplicate_n_gram_but_no_longer_one(size: int) -> None:
    run = " ".join(f"w{number:02}" for number in range(size))
    text = f"{run} x {run}"  # 3 characters a word

    assert signal(f"duplicate_{size}", text) == [pytest.approx(6 * size / (6 * size + 1))]
    if size < DUPLICATE_SIZES[-1]:
        assert signal(f"duplicate_{size + 1}", text) == [0.0]


def test_words_glued_differently_are_different_n_grams() -> None:
    assert signal("top_2", "ab c a bc") == [0.0]


def test_case_and_punctuation_tell_words_apart() -> None:
    assert signal("top_2", "A b, a b") == [0.0]


def test_n_grams_cross_line_ends() -> None:
    assert signal("top_2", "a\nb a b") == [1.0]


def test_texts_of_a_batch_do_not_repeat_each_other() -> None:
    text = "one two three four five six"

    assert signal("duplicate_5", text, text, "", text) == [0.0] * 4
    assert signal("top_2", "a b", "a b a b", "b a b") == [0.0, 1.0, 0.0]
