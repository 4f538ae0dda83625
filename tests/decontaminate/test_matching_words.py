import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.decontaminate.matching_words import matching_words, number_words


def split(text: str) -> list[str]:
    """The words of a text as they are written in it."""
    data = np.frombuffer(text.encode(), np.uint8)
    _, firsts, lasts = matching_words(data)
    return [data[first:last].tobytes().decode() for first, last in zip(firsts, lasts, strict=True)]


def hashes(text: str) -> list[int]:
    found: list[int] = matching_words(np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8))[0].tolist()
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n-- !", []),
        ("and/or, well-known _x_", ["and", "or", "well", "known", "x"]),
        ("**bold** <b>", ["bold", "b"]),
        ("don't 'quoted' it\u2019s", ["don't", "quoted", "it\u2019s"]),
        ("1,000 people in 2010 100 times", ["1,000", "people", "in", "2010", "100", "times"]),
        ("1,234,567.", ["1,234,567"]),
        ("5.00 and 2.5", ["5", "and", "2", "5"]),
        ("中文 字x", ["中", "文", "字", "x"]),
        ("a😀b", ["a", "b"]),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, words: list[str]) -> None:
    assert split(text) == words


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Don't STOP", "dont stop"),
        ("It\u2019s \u201cfine\u201d", "it's fine"),
        ("caf\u00e9 \u00c9cole", "cafe\u0301 ecole"),
        ("10,000 1.000 1\u202f000 1'000", "10000 1000 1000 1000"),
        ("$5.00", "5"),
        ("Seven of twenty", "7 of 20"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("\uff21\uff11", "a1"),
        (r"\u041c\u0430\u0440\u0438\u043d\u0430 \\u4e2d\\u6587", "Марина 中文"),
        (r"end.\n    return\nThen \\tIf", "end return then if"),
        ("exam-\n  ple of soft\u00ad\nhyphens, \u041c\u0430-\r\n\u0440", "example of softhyphens Мар"),
        ("m\u0430th \u0440rize", "math prize"),
    ],
)
def test_ways_to_write_the_same_have_the_same_words(text: str, other: str) -> None:
    assert hashes(text) == hashes(other)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("ab", "ba"),
        ("a b", "ab"),
        ("10", "1 0"),
        ("1000", "1 000"),
        ("one", "on"),
        ("a-\nB", "ab"),
        ("- \nab", "-ab c"),
        (r"x\neq", "x eq"),
        (r"a\u12 b", "a b"),
    ],
)
def test_different_words_differ(text: str, other: str) -> None:
    assert hashes(text) != hashes(other)


def test_every_number_word_has_its_place() -> None:
    assert np.count_nonzero(number_words()[:, 0]) == 28


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=8))
def test_words_are_pieces_of_the_text_in_order_whatever_it_holds(texts: list[str]) -> None:
    data = np.frombuffer("\n".join(texts).encode(), np.uint8)
    _, firsts, lasts = matching_words(data)

    assert np.all(firsts < lasts)
    assert np.all(lasts[:-1] <= firsts[1:])


@given(st.text(st.sampled_from("aB\u00e9 1,.0'\u2019\u4e2d\n-"), max_size=30))
def test_case_and_normal_forms_do_not_count(text: str) -> None:
    assert hashes(text) == hashes(text.upper()) == hashes(unicodedata.normalize("NFD", text))


@given(st.binary(max_size=40))
def test_damaged_utf8_is_split_too(data: bytes) -> None:
    words, firsts, lasts = matching_words(np.frombuffer(data, np.uint8))

    assert len(words) == len(firsts) == len(lasts)
    assert np.all(lasts <= len(data))
