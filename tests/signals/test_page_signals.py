"""Signals of the page that a text is taken from, out of the documents beside the texts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext import signals
from massivetext.schema import Document, documents_table


def values(name: str, documents: list[Document]) -> list[float]:
    found: list[float] = signals.measure([d.text for d in documents], documents_table("web", documents))[
        name
    ].to_pylist()
    return found


def document(text: str, html_bytes: int | None = None, link_text_frac: float | None = None) -> Document:
    return Document(text, "a", "0", html_bytes=html_bytes, link_text_frac=link_text_frac)


# "aé" is 3 bytes of UTF-8.
def test_text_to_html_ratio_is_of_bytes_and_1_without_html() -> None:
    pages = [document("aé", 12), document("aé"), document("", 12), document("aé", 2)]

    assert values("text_to_html_ratio", pages) == [0.25, 1.0, 0.0, 1.5]


def test_link_text_frac_is_that_of_the_page_and_0_without_html() -> None:
    assert values("link_text_frac", [document("a", 9, 0.4), document("a")]) == [0.4, 0.0]


@pytest.mark.parametrize("pages", [[document("a", 4, 0.5)] * 2, [document("a")] * 2, []])
def test_batches_of_one_kind_measure_as_mixed_ones(pages: list[Document]) -> None:
    assert values("text_to_html_ratio", pages) == [0.25 if page.html_bytes else 1.0 for page in pages]


def test_texts_alone_measure_as_documents_without_html() -> None:
    texts = ["a b", "", "ü"]
    documents = documents_table("news", [document(text) for text in texts])

    assert signals.measure(texts) == signals.measure(texts, documents)


@given(st.text(max_size=20), st.one_of(st.none(), st.integers(0, 2**40)), st.one_of(st.none(), st.floats(0, 1)))
def test_every_page_has_finite_values(text: str, html_bytes: int | None, share: float | None) -> None:
    text = text.encode("utf-8", "ignore").decode()
    (ratio,) = values("text_to_html_ratio", [document(text, html_bytes, share)])

    assert math.isfinite(ratio)
    assert ratio >= 0
