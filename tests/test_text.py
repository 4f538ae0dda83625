"""Words, lines, paragraphs, and the form in which a text is stored."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.text import clean, lines, paragraphs, words

# Letters, every line end, control characters, white space, and characters that are removed.
TEXTS = st.text(
    st.sampled_from("ab é\t\n\r\x0b\x0c\x00\x1b\x7f\x85\u2028\u2029\u00a0\u3000\ufeff\ud800\udfff-"), max_size=40
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t ", []),
        ("One, two-three.", ["One,", "two-three."]),
        ("a\u00a0b\u3000c\u2003d", ["a", "b", "c", "d"]),  # no-break, ideographic and em space
        ("a\u200bb", ["a\u200bb"]),  # a zero-width space is no white space
    ],
)
def test_words_are_runs_between_white_space(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n \n", []),
        ("one", ["one"]),
        ("one\n\n  two \n", ["one", "two"]),
        ("a\rb", ["a\rb"]),  # texts are cleaned before: only a line feed ends a line
    ],
)
def test_lines_are_stripped_and_not_blank(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\n\n", []),
        ("one\ntwo", ["one\ntwo"]),
        ("one\n\ntwo", ["one", "two"]),
        ("one\n \t\ntwo", ["one", "two"]),  # a line of white space is blank
        ("\n\none\n\n\n\n two \n", ["one", "two"]),
    ],
)
def test_paragraphs_are_separated_by_blank_lines(text: str, expected: list[str]) -> None:
    assert paragraphs(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  a  ", "a"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\r\n\r\nb", "a\n\nb"),
        ("a\r\r\nb\r\r\n\r\r\nc", "a\nb\n\nc"),  # converted twice
        ("a\n\rb", "a\n\nb"),  # not a pair: two line ends
        ("a\x85b\u2028c\u2029d", "a\nb\nc\nd"),
        ("page\x0cnext\x0bline", "page\nnext\nline"),  # words must not be joined
        ("a\x00b\x08c\x1fd\x7f", "abcd"),
        ("\ufeffa\ufeffb", "ab"),
        ("a\ud83db\udc00", "ab"),
        ("😀", "😀"),
        ("if x:\n\ty  =  1\n\n\n\nend", "if x:\n\ty  =  1\n\n\n\nend"),
        ("\x00 a \x00", "a"),  # stripped after the rest
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(TEXTS | st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(TEXTS)
def test_a_clean_text_can_be_stored_and_has_one_kind_of_line_end(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")

    assert cleaned.split("\n") == cleaned.splitlines() or cleaned == ""
    assert {char for char in cleaned if unicodedata.category(char) == "Cc"} <= {"\n", "\t"}
    assert cleaned == cleaned.strip()


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufeff\u2028\u2029")))
def test_cleaning_keeps_every_word_of_ordinary_text(text: str) -> None:
    assert words(clean(text)) == words(text)


@given(TEXTS)
def test_lines_and_paragraphs_hold_all_words(text: str) -> None:
    cleaned = clean(text)

    assert words(" ".join(lines(cleaned))) == words(cleaned)
    assert words(" ".join(paragraphs(cleaned))) == words(cleaned)


@given(TEXTS)
def test_clean_is_what_two_patterns_say(text: str) -> None:
    broken = re.sub(r"\r{1,2}\n|[\n\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    expected = re.sub(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufeff]", "", broken).strip()

    assert clean(text) == expected
