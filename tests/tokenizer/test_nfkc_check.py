"""The test for NFKC: what passes is in NFKC, and ordinary text of every script passes."""

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from massivetext.tokenizer.encode_loop import select_for_nfkc

SECONDS = [chr(code) for code in range(0x300, 0x370)] + list("\u093c\u09be\u09d7\u0bbe\u0bd7\u3099\u1161\u11a8")
FIRSTS = list("aeiuAOIUYи은한क\u09c7ொ\u0bc6がかáạ한\u1100")


def needs(text: str) -> bool:
    """Return whether the test sends a text to be normalised."""
    data = text.encode()
    return bool(select_for_nfkc(np.frombuffer(data, np.uint8), np.array([0, len(data)], np.int64))[0])


@settings(max_examples=1000, deadline=None)
@given(
    text=st.one_of(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.lists(st.sampled_from(FIRSTS + SECONDS)).map("".join),
    )
)
@example(text="á\u0323")
@example(text="a\u0323\u0301")
def test_what_passes_is_in_nfkc(text: str) -> None:
    assert needs(text) or unicodedata.is_normalized("NFKC", text)


def test_every_character_alone_and_after_a_letter() -> None:
    for code in [*range(1, 0xD800), *range(0xE000, 0x32000), *range(0xE0000, 0xE0200)]:
        text = chr(code)
        if unicodedata.normalize("NFKC", text) != text:
            assert needs(text), hex(code)


@pytest.mark.parametrize(
    "text",
    [
        "naïve “quotes” – 10 €",
        "Привет, мир",
        "हिन्दी में लिखा हुआ",
        "বাংলা ভাষা",
        "தமிழ் மொழி",
        "한국어",
        "日本語のテキスト",
        "😀",
    ],
)
def test_ordinary_text_passes(text: str) -> None:
    assert unicodedata.is_normalized("NFKC", text)
    assert not needs(text)
