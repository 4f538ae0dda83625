"""Similarity worked out the plain way, and copies made to measure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.demo import overlap, prose
from massivetext.demo.chance import Chance
from massivetext.shingles import shingle_hashes

WORDS = [f"w{n}" for n in range(40)]


def test_jaccard_of_texts_that_differ_in_one_word() -> None:
    # 40 words have 28 13-grams; the word at 20 is in 13 of them, so 15 are shared of 28 + 13 in all.
    other = [*WORDS[:20], "x", *WORDS[21:]]

    assert overlap.jaccard(" ".join(WORDS), " ".join(other)) == 15 / 41


def test_punctuation_and_white_space_do_not_count_but_case_does() -> None:
    text = " ".join(WORDS)

    assert overlap.jaccard(text, ",\n".join(WORDS) + " !") == 1.0
    assert overlap.jaccard(text, text.replace("w20", "W20")) < 1.0


def test_containment_of_an_item_within_a_longer_text() -> None:
    # 13 words are one 13-gram, 14 are two.
    assert overlap.containment(" ".join(WORDS[5:18]), " ".join(WORDS)) == 1.0
    assert overlap.containment(" ".join([*WORDS[5:18], "x"]), " ".join(WORDS)) == 0.5
    assert overlap.containment("", "a") == overlap.jaccard("", "") == 0.0


@pytest.mark.parametrize("target", [0.99, 0.95, 0.9, 0.85, 0.75, 0.6])
def test_a_near_copy_is_as_near_as_wanted(target: float) -> None:
    essay = prose.essay(Chance("near", target), "rivers", 430)
    paragraphs = [block.text for block in essay.blocks]
    copy = overlap.near_copy(Chance("copy", target), paragraphs, target)

    assert overlap.jaccard("\n\n".join(paragraphs), "\n\n".join(copy)) == pytest.approx(target, abs=0.005)
    assert [len(paragraph.split()) for paragraph in copy] == [len(paragraph.split()) for paragraph in paragraphs]


def test_a_text_too_short_for_so_many_changes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"longer text for a similarity of 0\.5, got 40 words"):
        overlap.near_copy(Chance(0), [" ".join(WORDS)], 0.5)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="ab,.'-é— \n", max_size=200), st.text(alphabet="ab,.'-é— \n", max_size=200))
def test_it_agrees_with_the_shingles_of_the_pipeline(one: str, other: str) -> None:
    a, b = set(shingle_hashes(one).tolist()), set(shingle_hashes(other).tolist())

    assert overlap.jaccard(one, other) == (len(a & b) / len(a | b) if a or b else 0.0)
