"""Extraction by Resiliparse."""

import pytest

from massivetext.extract.extractors import extract_page

ARTICLE = "<article><h1>The ferry</h1><p>{}</p></article>".format(
    "The ferry leaves the town at seven and comes back in the evening. " * 12
)
PAGE = f"<html><head><title>Ferry</title></head><body><nav><a href=/>Home</a></nav>{ARTICLE}"
COMMENTS = "<div id=comments class=comments><p>A reader says that the ferry was late.</p></div>"


def test_main_text_and_title() -> None:
    page = extract_page(PAGE, extractor="resiliparse")

    assert page.title == "Ferry"
    assert "comes back in the evening" in page.text
    assert "Home" not in page.text
    assert 0 < page.link_text_frac < 0.1


@pytest.mark.parametrize("comments", [None, "keep", "drop"])
def test_comments(comments: str | None) -> None:
    page = extract_page(PAGE + COMMENTS, extractor="resiliparse", comments=comments)  # type: ignore[arg-type]

    assert ("ferry was late" in page.text) == (comments != "drop")


@pytest.mark.parametrize("html", ["", "   ", "<p>", "\0", "<html><script>x()</script></html>", "\ud800<p>a"])
def test_pages_without_much_raise_nothing(html: str) -> None:
    assert len(extract_page(html, extractor="resiliparse").text) <= len(html)
