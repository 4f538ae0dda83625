"""Lines, paragraphs and the shape of source code: values worked out by hand."""

import pytest

from massivetext import signals


def signal(name: str, text: str) -> float:
    return float(signals.measure_text(text)[name])


def test_line_count_leaves_blank_lines_out() -> None:
    assert signal("line_count", "a\n \n\n\tb\n") == 2
    assert signal("line_count", "\n\n") == 0


@pytest.mark.parametrize("line", ["• a", "•a", "  ▪ a", "- a", "-", "*\ta", "– a", "·a", "▶ a"])
def test_bullets_are_recognised(line: str) -> None:
    assert signal("bullet_line_frac", f"{line}\nx") == 0.5


@pytest.mark.parametrize("line", ["-5 degrees", "**bold** text", "–5", "--", "a • b", "1. a", "+ a"])
def test_hyphens_and_asterisks_that_begin_words_are_no_bullets(line: str) -> None:
    assert signal("bullet_line_frac", line) == 0.0


# Three lines, the blank one not among them; two end in an ellipsis, one of them before white space.
def test_ellipsis_line_frac_ignores_white_space_at_the_end() -> None:
    assert signal("ellipsis_line_frac", "a...  \n\nb…\n...c") == pytest.approx(2 / 3)


# Lines "aa", "b", "aa", "aa": two later copies of four; 4 of 7 characters.
def test_duplicate_lines_are_later_copies_compared_stripped() -> None:
    text = "aa\nb\n  aa \n\naa"

    assert signal("duplicate_line_frac", text) == 0.5
    assert signal("duplicate_line_char_frac", text) == pytest.approx(4 / 7)


# Paragraphs "a\nb", "c", "a\nb": one later copy of three; 3 of 7 characters. The line "a" is twice there as well.
def test_duplicate_paragraphs_are_parted_by_blank_lines() -> None:
    text = "a\nb\n\n\nc\n \na\nb\n"

    assert signal("duplicate_paragraph_frac", text) == pytest.approx(1 / 3)
    assert signal("duplicate_paragraph_char_frac", text) == pytest.approx(3 / 7)
    assert signal("duplicate_line_frac", text) == pytest.approx(2 / 5)


def test_case_makes_lines_differ() -> None:
    assert signal("duplicate_line_frac", "A\na") == 0.0


# "a1 é": 3 letters or digits of 4 characters; "語 -" 1 of 3.
@pytest.mark.parametrize(
    ("text", "expected"), [("", 0.0), ("ab12", 1.0), ("a1 é", 0.75), ("語 -", 1 / 3), ("{};\n", 0.0)]
)
def test_alphanumeric_frac_is_of_all_characters(text: str, expected: float) -> None:
    assert signal("alphanumeric_frac", text) == pytest.approx(expected)


# Lines "  ab", "", "c": lengths 4, 0, 1.
@pytest.mark.parametrize(
    ("text", "longest", "mean"), [("", 0, 0.0), ("abc", 3, 3.0), ("  ab\n\nc", 4, 5 / 3), ("\n\n", 0, 0.0)]
)
def test_line_lengths_count_indentation_and_blank_lines(text: str, longest: int, mean: float) -> None:
    assert signal("longest_line_length", text) == longest
    assert signal("mean_line_length", text) == pytest.approx(mean)


@pytest.mark.parametrize(
    "line", ["End.", "End!", "end?", "wait…", "wait...", 'he said."', "‘so’", "終わり。", "क।", "«Fin»"]
)
def test_lines_end_in_a_sentence_mark_or_a_quotation_mark(line: str) -> None:
    assert signal("terminal_line_frac", f"{line}  \n\nno end") == 0.5


@pytest.mark.parametrize("line", ["End,", "(End.)", "End:", "1.5", "«"])
def test_other_ends_are_none(line: str) -> None:
    assert signal("terminal_line_frac", line) == 0.0


# 30 characters, 31 characters, and 3 with white space around them.
def test_short_lines_have_up_to_thirty_characters_without_indentation() -> None:
    assert signal("short_line_frac", f"{'x' * 30}\n{'x' * 31}\n{' ' * 40}abc{' ' * 40}") == pytest.approx(2 / 3)


def test_paragraphs_are_counted_without_empty_ones() -> None:
    assert signal("paragraph_count", "\n\na\nb\n \n\nc\n") == 2


def test_mean_line_words_is_of_lines_that_are_not_blank() -> None:
    assert signal("mean_line_words", "a b c\n\nd") == 2.0


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Enable JavaScript, or Javascript\njavascript:void(0)\njava script", 2),
        ("x", 0),
        ("enablejavascript", 1),
        ("javascrip", 0),
    ],
)
def test_lines_with_javascript(text: str, lines: int) -> None:
    assert signal("javascript_line_count", text) == lines


@pytest.mark.parametrize(
    "line",
    [
        "Terms of Use",
        "our PRIVACY POLICY.",
        "Cookie policy",
        "this site uses cookies",
        "the use of cookies",
        "we use cookies",
    ],
)
def test_lines_with_policies(line: str) -> None:
    assert signal("policy_line_count", f"a\n{line} {line}\nb") == 1


@pytest.mark.parametrize(
    "line", ["privacy", "terms  of use", "we bake cookies", "cookie policies", "user cookie", "policy of use"]
)
def test_lines_that_are_no_policies(line: str) -> None:
    assert signal("policy_line_count", line) == 0


def test_lorem_ipsum_is_counted_by_copy() -> None:
    assert signal("lorem_ipsum_count", "Lorem ipsum dolor lorem ipsumlorem ipsum; lorem\nipsum") == 3


# 2 of 9 characters.
def test_curly_brackets_are_a_share_of_all_characters() -> None:
    assert signal("curly_bracket_frac", "if (a) {}") == pytest.approx(2 / 9)
