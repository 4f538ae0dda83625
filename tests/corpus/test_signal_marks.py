"""What is marked in a text is what the signals count: their values follow from the marks."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_signals import plain, ratio

from massivetext.corpus.signal_marks import Span, mark_signal
from massivetext.text import lines, paragraphs

WORDS = ("the", "of", "and", "A", "b.", "c", "...", "…", "#", "{", "•", "-", "—", "Lorem ipsum", "12", "das", "\x1c")
TEXTS = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from((" ", " ", "\n", "\n\n", "  \t"))), max_size=40).map(
    lambda pieces: "".join(word + space for word, space in pieces).strip()
)


def _marks(signal: str, text: str) -> tuple[Span, ...]:
    marks = mark_signal(signal, text)
    assert marks is not None
    assert all(begin < end for begin, end in marks)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(marks))
    return marks


def _characters(marks: tuple[Span, ...]) -> int:
    return sum(end - begin for begin, end in marks)


@given(TEXTS)
def test_the_values_of_signals_follow_from_the_marks(text: str) -> None:
    values = plain(text, "en")
    words, all_lines, all_paragraphs = text.split(), lines(text), paragraphs(text)
    of_words = sum(map(len, words))
    stops = _marks("stop_word_count", text)
    expected = {
        "duplicate_line_frac": ratio(len(_marks("duplicate_line_frac", text)), len(all_lines)),
        "duplicate_line_char_frac": ratio(
            _characters(_marks("duplicate_line_char_frac", text)), sum(map(len, all_lines))
        ),
        "duplicate_paragraph_frac": ratio(len(_marks("duplicate_paragraph_frac", text)), len(all_paragraphs)),
        "duplicate_paragraph_char_frac": ratio(
            _characters(_marks("duplicate_paragraph_char_frac", text)), sum(map(len, all_paragraphs))
        ),
        "bullet_line_frac": ratio(len(_marks("bullet_line_frac", text)), len(all_lines)),
        "ellipsis_line_frac": ratio(len(_marks("ellipsis_line_frac", text)), len(all_lines)),
        "hash_to_word_ratio": ratio(len(_marks("hash_to_word_ratio", text)), len(words)),
        "ellipsis_to_word_ratio": ratio(len(_marks("ellipsis_to_word_ratio", text)), len(words)),
        "curly_bracket_frac": ratio(len(_marks("curly_bracket_frac", text)), len(text)),
        "lorem_ipsum_count": len(_marks("lorem_ipsum_count", text)),
        "alphabetic_word_frac": ratio(len(words) - len(_marks("alphabetic_word_frac", text)), len(words)),
        "stop_word_frac": ratio(len(stops), len(words)),
        **{
            f"{kind}_{size}_gram_char_frac": ratio(_characters(_marks(f"{kind}_{size}_gram_char_frac", text)), of_words)
            for kind, sizes in (("top", (2, 3, 4)), ("duplicate", (5, 6, 7, 8, 9, 10)))
            for size in sizes
        },
    }

    assert expected == pytest.approx({name: values[name] for name in expected})
    assert len({text[begin:end].lower().strip(".") for begin, end in stops}) == values["stop_word_count"]


def test_phrases_and_signals_of_the_whole_text() -> None:
    text = "A page with Free   Porn, and other words."

    assert [text[begin:end] for begin, end in _marks("unsafe_phrase_count", text)] in (["Free   Porn,"], ["Porn,"])
    assert mark_signal("mean_word_length", text) is None
    assert mark_signal("stop_word_count", "das Haus und der Hof", "de") != mark_signal(
        "stop_word_count", "das Haus und der Hof"
    )
