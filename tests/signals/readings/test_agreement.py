"""Readings against the packages themselves, where those are installed; `benchmarks/profiles.py` does it at length."""

import pytest

from massivetext.signals.readings import datatrove, dolma

PIECES = (
    "It’s the end of the line, isn't it? Mr. Smith's car (a red one) ran at 30 km/h...",
    "- one\n- two\n- three\n\n* four …\n• five...",
    "the cat sat on the mat and the dog sat on the mat while the bird sang",
    "ha ha ha ha ha ha ha ha ha ha\nha ha ha ha ha\n\nha ha ha ha ha",
    "# heading\n## another\n\n\nsee http://example.org/a?b=c. e.g. well-known x=y 5-6",
)
TEXTS = (*PIECES, "\n\n".join(PIECES), "\n".join(PIECES * 2), " ".join(PIECES[2:3] * 20), "a", " \n")


@pytest.mark.parametrize("text", TEXTS)
def test_dolma_measures_the_same(text: str) -> None:
    gopher = pytest.importorskip("dolma.taggers.gopher", reason="dolma is not installed")
    theirs, ours = gopher.get_attributes(text), dolma.measure(text)

    assert ours["symbol_to_word_ratio"] == theirs.symbol_to_word_ratio
    assert ours["stop_word_count"] == theirs.required_word_count
    assert ours["bullet_line_frac"] == theirs.fraction_of_lines_starting_with_bullet_point
    assert ours["ellipsis_line_frac"] == theirs.fraction_of_lines_ending_with_ellipsis
    assert ours["duplicate_line_frac"] == theirs.fraction_of_duplicate_lines
    assert ours["duplicate_line_char_frac"] == theirs.fraction_of_characters_in_duplicate_lines
    for size, value in theirs.fraction_of_characters_in_most_common_ngram:
        assert ours[f"top_{size}_gram_char_frac"] == value
    for size, value in theirs.fraction_of_characters_in_duplicate_ngrams:
        assert ours[f"duplicate_{size}_gram_char_frac"] == value


@pytest.mark.parametrize("text", TEXTS)
def test_datatrove_measures_the_same(text: str) -> None:
    pytest.importorskip("spacy", reason="spaCy is not installed, whose tokens are datatrove's words")
    repetition = pytest.importorskip(
        "datatrove.pipeline.filters.gopher_repetition_filter", reason="datatrove is not installed"
    )
    words, ours = repetition.split_into_words(text), datatrove.measure(text)

    for size in (2, 3, 4):
        top = repetition.find_top_duplicate(grams) if (grams := repetition.get_n_grams(words, size)) else 0
        assert ours[f"top_{size}_gram_char_frac"] == top / len(text)
    for size in range(5, 11):
        assert ours[f"duplicate_{size}_gram_char_frac"] == repetition.find_all_duplicate(words, size) / len(text)
