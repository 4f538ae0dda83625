"""Altered copies: as similar as they are meant to be, and the same for the same names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.canaries.altered_texts import (
    BLOCK_AT_END,
    BLOCK_AT_START,
    SCATTERED,
    altered_copy,
    boilerplate_text,
    embed,
    jaccard_of,
    replace_words,
    rewrapped,
    shuffled_words,
    unsafe_text,
    with_word_inserted,
)
from massivetext.recipe import NearOptions
from massivetext.shingles import shingle_hashes

NEAR = NearOptions()
TEXT = "\n\n".join(" ".join(f"w{line}x{at}" for at in range(50)) for line in range(20))


@pytest.mark.parametrize("wanted", [0.5, 0.6, 0.7, 0.75, 0.85, 0.9, 0.95])
@pytest.mark.parametrize("style", [BLOCK_AT_START, BLOCK_AT_END, SCATTERED])
def test_a_copy_has_the_similarity_that_it_states(wanted: float, style: int) -> None:
    copy = altered_copy(TEXT, wanted, NEAR, "name", style=style)
    assert copy is not None

    mine, theirs = set(shingle_hashes(TEXT, 13).tolist()), set(shingle_hashes(copy.text, 13).tolist())
    assert copy.jaccard == len(mine & theirs) / len(mine | theirs)
    assert abs(copy.jaccard - wanted) <= 0.04
    assert (copy.jaccard > NEAR.threshold) == (wanted > NEAR.threshold)


def test_a_block_changes_words_at_one_end_alone() -> None:
    at_start, at_end = (altered_copy(TEXT, 0.9, NEAR, "x", style=style) for style in (BLOCK_AT_START, BLOCK_AT_END))
    assert at_start is not None
    assert at_end is not None

    assert at_start.text.endswith(TEXT[len(TEXT) // 2 :])
    assert at_end.text.startswith(TEXT[: len(TEXT) // 2])


def test_the_same_name_gives_the_same_copy_and_another_one_another() -> None:
    one, two, other = (altered_copy(TEXT, 0.7, NEAR, name) for name in ("a", "a", "b"))

    assert one == two
    assert one != other


@pytest.mark.parametrize("text", ["", "word " * 99, "same " * 400])
def test_a_text_that_is_short_or_repeats_itself_has_no_copy(text: str) -> None:
    assert altered_copy(text, 0.7, NEAR, "x") is None


@given(st.text(alphabet="ab \n\t", max_size=60), st.integers(0, 9))
def test_replacing_words_leaves_white_space_and_other_words(text: str, number: int) -> None:
    changed = replace_words(text, {number: "NEW"})

    words = text.split()
    assert changed.split() == [*words[:number], *(["NEW"] if number < len(words) else []), *words[number + 1 :]]
    assert "".join(c for c in changed if c.isspace()) == "".join(c for c in text if c.isspace())


@settings(max_examples=30)
@given(st.text(alphabet="abcd \n", max_size=200))
def test_shuffled_lines_have_the_same_words(text: str) -> None:
    shuffled = shuffled_words(text, "x")

    assert [sorted(line.split()) for line in shuffled.split("\n")] == [
        sorted(line.split()) for line in text.split("\n")
    ]


def test_shuffled_words_resemble_nothing() -> None:
    assert jaccard_of(TEXT, shuffled_words(TEXT, "x"), NEAR) == 0.0


def test_a_passage_is_a_paragraph_of_its_own() -> None:
    found = embed("one\ntwo", "the passage", "x")

    assert "\nthe passage\n" in found
    assert found.replace("\nthe passage\n", "", 1).split() == ["one", "two"]


def test_lines_of_eight_words() -> None:
    assert rewrapped("a b c d e f g h i") == "a b c d e f g h\ni"


# Of five words, the third is in the middle.
@pytest.mark.parametrize(("text", "expected"), [("", "x"), ("a", "x a"), ("a b c d e", "a b x c d e")])
def test_a_word_is_inserted_in_the_middle(text: str, expected: str) -> None:
    assert with_word_inserted(text, "x") == expected


def test_unsafe_phrases_come_every_twelve_words_in_turn() -> None:
    text = unsafe_text(" ".join(["w"] * 37), ["bad one", "bad two"], "x")

    # Before words 12, 24 and 36, so three phrases, of which the first and third are the same.
    phrases = [piece.strip() for piece in text.split("w") if "bad" in piece]
    assert len(phrases) == 3
    assert phrases[0] == phrases[2] != phrases[1]


def test_menus_repeat() -> None:
    lines = boilerplate_text("x").split("\n")

    assert len(lines) == 60
    assert len(set(lines)) == 12
