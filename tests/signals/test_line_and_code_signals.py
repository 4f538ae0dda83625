"""Lines, paragraphs and the shape of source code: values worked out by hand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext import text as segments
from massivetext.signals import code, lines
from massivetext.signals.batch import Batch, pieces


def line_signal(name: str, text: str) -> float:
    return float(lines.measure(Batch([text]))[name][0])


def code_signal(name: str, text: str) -> float:
    return float(code.measure(Batch([text]))[name][0])


def test_line_count_leaves_blank_lines_out() -> None:
    assert line_signal("line_count", "a\n \n\n\tb\n") == 2
    assert line_signal("line_count", "\n\n") == 0


@pytest.mark.parametrize("line", ["• a", "•a", "  ▪ a", "- a", "-", "*\ta", "– a", "·a", "▶ a"])
def test_bullets_are_recognised(line: str) -> None:
    assert line_signal("bullet_line_frac", f"{line}\nx") == 0.5


@pytest.mark.parametrize("line", ["-5 degrees", "**bold** text", "–5", "--", "a • b", "1. a", "+ a"])
def test_hyphens_and_asterisks_that_begin_words_are_no_bullets(line: str) -> None:
    assert line_signal("bullet_line_frac", line) == 0.0


# Three lines, the blank one not among them; two end in an ellipsis, one of them before white space.
def test_ellipsis_line_frac_ignores_white_space_at_the_end() -> None:
    assert line_signal("ellipsis_line_frac", "a...  \n\nb…\n...c") == pytest.approx(2 / 3)


# Lines "aa", "b", "aa", "aa": two later copies of four; 4 of 7 characters.
def test_duplicate_lines_are_later_copies_compared_stripped() -> None:
    text = "aa\nb\n  aa \n\naa"

    assert line_signal("duplicate_line_frac", text) == 0.5
    assert line_signal("duplicate_line_char_frac", text) == pytest.approx(4 / 7)


# Paragraphs "a\nb", "c", "a\nb": one later copy of three; 3 of 7 characters. The line "a" is twice there as well.
def test_duplicate_paragraphs_are_parted_by_blank_lines() -> None:
    text = "a\nb\n\n\nc\n \na\nb\n"

    assert line_signal("duplicate_paragraph_frac", text) == pytest.approx(1 / 3)
    assert line_signal("duplicate_paragraph_char_frac", text) == pytest.approx(3 / 7)
    assert line_signal("duplicate_line_frac", text) == pytest.approx(2 / 5)


def test_case_makes_lines_differ() -> None:
    assert line_signal("duplicate_line_frac", "A\na") == 0.0


# "a1 é": 3 letters or digits of 4 characters; "語 -" 1 of 3.
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("ab12", 1.0), ("a1 é", 0.75), ("語 -", 1 / 3), ("{};\n", 0.0)]
)
def test_alphanumeric_frac_is_of_all_characters(text: str, expected: float) -> None:
    assert code_signal("alphanumeric_frac", text) == pytest.approx(expected)


# Lines "  ab", "", "c": lengths 4, 0, 1.
@pytest.mark.parametrize(
    ("text", "longest", "mean"), [("", 0, 0.0), ("abc", 3, 3.0), ("  ab\n\nc", 4, 5 / 3), ("\n\n", 0, 0.0)]
)
def test_line_lengths_count_indentation_and_blank_lines(text: str, longest: int, mean: float) -> None:
    assert code_signal("longest_line_length", text) == longest
    assert code_signal("mean_line_length", text) == pytest.approx(mean)


_SPACED = st.text(st.sampled_from("ab \n\t\u3000\x1c\x85"), max_size=60)


@given(_SPACED, st.integers(1, 8))
def test_words_lines_and_paragraphs_of_pieces_are_those_of_the_whole(text: str, size: int) -> None:
    for boundary, split in ((r"\s", segments.words), (r"\n", segments.lines), (r"\n\n", segments.paragraphs)):
        parts = list(pieces(text, re.compile(boundary), size))

        assert "".join(parts) == text
        assert [one for part in parts for one in split(part)] == split(text)
