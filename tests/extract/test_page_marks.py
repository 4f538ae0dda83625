"""Marks in the bytes of a page: the compiled search against the plain one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.extract.page_marks import MARKED_BYTES, PAGE_MARKS, find_page_marks

WORDS = [word for words in PAGE_MARKS for word in words]
PIECES = st.sampled_from(
    [*WORDS, *(word.upper() for word in WORDS), *(word[:-1] for word in WORDS), b'"', b" ", b"\xc3"]
)


def marks_of(page: bytes) -> list[bool]:
    return find_page_marks(np.frombuffer(page, np.uint8))


def plainly(page: bytes) -> list[bool]:
    head = page[:MARKED_BYTES].lower()
    return [any(word in head for word in words) for words in PAGE_MARKS]


@given(st.lists(PIECES | st.binary(max_size=4), max_size=8).map(b"".join))
def test_the_words_are_found_in_any_case(page: bytes) -> None:
    assert marks_of(page) == plainly(page)


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_found_up_to_the_last_byte_that_counts(word: bytes) -> None:
    whole = b"x" * (MARKED_BYTES - len(word)) + word

    assert any(marks_of(whole))
    assert marks_of(b"x" + whole) == plainly(b"x" + whole)
