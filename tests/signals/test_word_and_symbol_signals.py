"""Words, symbols and sizes: values worked out by hand."""

import math
from pathlib import Path

import pytest

from massivetext import signals
from massivetext.errors import UserError
from massivetext.signals import stop_lists
from massivetext.signals.forms import form


def signal(name: str, text: str) -> float:
    return float(signals.measure_text(text)[name])


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
    assert signal("word_count", text) == expected


# "ab," 3, "c" 1, "é" 1 (one code point), "e\u0301" 2 (two)
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("ab, c", 2.0), ("é", 1.0), ("e\u0301", 2.0), ("😀 ab", 1.5)]
)
def test_mean_word_length_counts_code_points_with_punctuation(text: str, expected: float) -> None:
    assert signal("mean_word_length", text) == expected


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
    assert signal("alphabetic_word_frac", text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("the the the", 1),  # distinct words, not occurrences
        ("The, “THAT” (of) to!", 4),  # case and edge punctuation ignored
        ("them to-be a", 0),  # whole words only
        ("the be to of and that have with", 8),
    ],
)
def test_stop_word_count_counts_distinct_words(text: str, expected: int) -> None:
    assert signal("stop_word_count", text) == expected


@pytest.mark.parametrize(
    ("word", "expected"), [("", ""), ("...", ""), ("“Don't!”", "don't"), ("__A__", "a"), ("¿Qué?", "qué"), ("A1", "a1")]
)
def test_the_form_of_a_word_is_lower_case_without_edges(word: str, expected: str) -> None:
    assert form(word) == expected


# "#a ## b": 3 hashes over 3 words.
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("#", 1.0), ("#a ## b", 1.0), ("a b c d", 0.0), ("# a", 0.5)]
)
def test_hash_to_word_ratio_counts_every_hash(text: str, expected: float) -> None:
    assert signal("hash_to_word_ratio", text) == expected


# "......" holds two "..." that do not overlap; "...." one.
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("a...", 1.0), ("a......", 2.0), ("a....", 1.0), ("a… b...", 1.0), ("a.. b", 0.0)]
)
def test_ellipsis_to_word_ratio_counts_both_forms(text: str, expected: float) -> None:
    assert signal("ellipsis_to_word_ratio", text) == expected


def test_hashes_and_ellipses_are_not_added_up() -> None:
    assert signal("hash_to_word_ratio", "# …") == 0.5
    assert signal("ellipsis_to_word_ratio", "# …") == 0.5


@pytest.mark.parametrize(("text", "characters", "size"), [("", 0, 0), ("a b", 3, 3), ("é", 1, 2), ("語😀", 2, 7)])
def test_sizes_are_code_points_and_utf8_bytes(text: str, characters: int, size: int) -> None:
    assert signal("character_count", text) == characters
    assert signal("byte_count", text) == size


# Lengths 1, 2, 9; then 1, 2, 4, 9; a word longer than those that are counted by length.
@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0.0), ("a bb 123456789", 2.0), ("a bb cccc 123456789", 3.0), (f"{'x' * 100} {'y' * 200}", 150.0)],
)
def test_median_word_length(text: str, expected: float) -> None:
    assert signal("median_word_length", text) == expected


# "I" is one character; "NATO-led" has lower-case letters, "42" has no letters.
def test_words_in_capitals_have_two_characters_and_no_small_letter() -> None:
    assert signal("all_caps_word_frac", "I NATO NATO-led U.S. 42 ДА Ab É1") == pytest.approx(4 / 8)


# The, the and "the." are one; "--" is none: 2 of 4.
def test_words_are_unique_by_their_form() -> None:
    assert signal("unique_word_frac", "The the -- the. fox") == 0.5


# Three of "the", one "fox".
def test_entropy_is_in_nats() -> None:
    expected = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))

    assert signal("unigram_entropy", "The the -- the. fox") == pytest.approx(expected, abs=1e-9)
    assert signal("unigram_entropy", "a a a") == 0.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("One. Two! Three?", 3),
        ("One. Two", 2),
        ('He said: "Go." (She went.) So?!', 3),
        ("It is 3.5 or a.b", 1),
        ("... !", 1),
        ("終わり。 क। done", 3),
    ],
)
def test_sentences_end_in_sentence_marks(text: str, expected: int) -> None:
    assert signal("sentence_count", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0.0),
        ("-- ...", 0.0),  # no words but punctuation
        ("The fox ran home.", 4 + 3),
        ("(The) “fox” ran, -- home. Quickly!", (5 + 3) / 2),  # edges do not count, nor a word without letters
        ("a.b it's 3.5 U.S.", 4 + 3),  # punctuation within a word counts: it's has four characters
        ("één 日本語 日本語圏", 3 + 2),
    ],
)
def test_eflaw_counts_mini_words_twice(text: str, expected: float) -> None:
    assert signal("mcalpine_eflaw", text) == expected


# "aB1 É": two of three letters; one of four characters that are not white space is a digit.
def test_upper_case_is_of_letters_and_digits_of_what_is_not_blank() -> None:
    assert signal("uppercase_letter_frac", "aB1 É") == pytest.approx(2 / 3)
    assert signal("digit_frac", "aB1 É") == 0.25


GERMAN = "Der Hund und die Katze gehen nicht in das Haus, weil es in der Nacht mit dem Regen zu kalt geworden ist."


def test_a_text_is_held_against_the_stop_words_of_its_language() -> None:
    measured = signals.measure_text(GERMAN)

    assert measured["language"] == "de"
    assert measured["stop_word_count"] == 8  # der, und, die, nicht, in, das, mit, zu
    assert measured["stop_word_frac"] == pytest.approx(10 / 22)  # "in" and "der" twice


def test_a_language_without_a_list_is_held_against_the_english_one() -> None:
    assert stop_lists.built_in().list_number("xx") == stop_lists.built_in().list_number("en")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('en = ["the"]\nde = ["der", "der"]', "de: want each word once"),
        ('en = ["The"]', "in lower case"),
        ('en = ["the,"]', "without punctuation"),
        ("en = []", "want 1 to 64 words"),
        ('de = ["der"]', "want a list for 'en'"),
        ("en = 1", "want lists of words by language"),
        ("en = [", "want lists of words by language"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "lists.toml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(UserError, match=message):
        stop_lists.read_stop_lists(path)


def test_a_missing_list_of_stop_words_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"want a file .*nowhere\.toml"):
        stop_lists.read_stop_lists(tmp_path / "nowhere.toml")
