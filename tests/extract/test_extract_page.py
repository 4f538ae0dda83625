import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.extract import ExtractedPage
from massivetext.extract.extractors import MAX_LIBRARY_CHARACTERS, MAX_LIBRARY_TAGS, extract_page
from massivetext.extract.page import MAX_CHILDREN, extract

SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it. "
PAGE = f"""<!doctype html><html><head><title> A  river
 town </title></head><body><nav><a href="/">Home</a> <a href="/about">About</a></nav><article><h1>Heading</h1>
<p>{SENTENCE * 3}</p><ul><li>first</li><li>second<ul><li>nested</li></ul></li></ul>
<pre>def f():
    return 1
</pre><p>{SENTENCE * 2}</p></article><footer>Copyright</footer></body></html>"""


def test_main_text_keeps_paragraphs_bullets_and_indentation() -> None:
    page = extract(PAGE, "http://a.example/")

    assert page.title == "A river town"
    assert page.text == (
        f"Heading\n\n{(SENTENCE * 3).strip()}\n\n- first\n- second\n  - nested\n\ndef f():\n    return 1\n\n"
        f"{(SENTENCE * 2).strip()}"
    )


def test_comments_are_left_out_and_tables_stay() -> None:
    html = PAGE.replace(
        "</article>",
        '<table><tr><td colspan="2000000000">left</td><td>right</td></tr><tr><td>a</td><td>b</td></tr></table>'
        "</article>"
        f'<section id="comments"><h2>Comments</h2><div class="comment">I was here. {SENTENCE}</div></section>',
    )
    text = extract(html).text

    assert "left | right\na | b" in text
    assert "I was here" not in text


@pytest.mark.parametrize("html", ["", "  \n ", "<html></html>", "<html><body></body></html>", "<!-- x -->", "\x00\x01"])
def test_a_page_without_text_gives_none(html: str) -> None:
    assert extract(html) == ExtractedPage("", None)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>bare paragraph</p>", "bare paragraph"),
        ("just words", "just words"),
        ("<html><body><p>short</p></body></html>", "short"),
        ('<?xml version="1.0" encoding="latin-1"?><html><body><p>déjà vu</p></body></html>', "déjà vu"),
        ("<html><body><p>a&nbsp;b &amp; c\x00\x07</p></body></html>", "a b & c"),
        ("<html><body><p>a&#1;b&#xFFFE;c&#55296;d&#65;&#x42;</p></body></html>", "abcdAB"),
        ("<html><body><p>before \ud800 after</p></body></html>", "before \ufffd after"),
    ],
)
def test_small_and_odd_pages_give_what_they_have(html: str, text: str) -> None:
    assert extract(html).text == text


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>T</title><meta property='og:title' content='O'>", "T"),
        ("<title> </title><meta property='og:title' content='O'>", "O"),
        ("", "Heading"),
    ],
)
def test_the_title_is_the_first_that_is_not_empty(head: str, title: str) -> None:
    page = f"<html><head>{head}</head><body><h1>Heading</h1><p>{SENTENCE}</p></body></html>"

    assert extract(page).title == title


def test_the_result_does_not_depend_on_pages_before() -> None:
    # trafilatura can drop segments that it has seen too often; with that on, the last page would be empty.
    first = extract(PAGE)
    others = [PAGE.replace("Heading", f"Heading {number}") for number in range(12)]
    for other in others:
        extract(other)

    assert extract(PAGE) == first
    assert [extract(other).text for other in reversed(others)] == [
        first.text.replace("Heading", f"Heading {number}") for number in reversed(range(12))
    ]


@pytest.mark.parametrize(
    "html",
    [
        "".join(f"<p>paragraph {number}</p>" for number in range(MAX_LIBRARY_TAGS // 2 + 1)),
        "".join(f"<p>paragraph {number}</p>" for number in range(MAX_CHILDREN + 1)),
        f"<p>paragraph 0</p>{SENTENCE * (MAX_LIBRARY_CHARACTERS // len(SENTENCE) + 1)}",
        f"{'<div>' * 200}{'<p>paragraph 0</p>' * 3500}",
    ],
    ids=["tags", "children", "characters", "depth"],
)
def test_a_page_that_trafilatura_would_take_long_for_goes_to_our_own_extractor(html: str) -> None:
    page = f"<html><body>{html}</body></html>"

    assert extract_page(page, extractor="trafilatura") == extract_page(page, extractor="salient")
    assert "paragraph 0" in extract_page(page, extractor="trafilatura").text


@pytest.mark.parametrize(
    "piece", ["<div>x", "<b>x", "<ul><li>x", "<table><tr><td>x", "<blockquote>x", "<pre><code>x\n"]
)
def test_deep_nesting_is_survived(piece: str) -> None:
    assert extract(f"<html><body><p>{SENTENCE * 4}</p>" + piece * 5000 + "</body></html>").text is not None


_TAGS = st.sampled_from(
    re.findall(
        r"<[^>]+>|&[^;]+;",
        "<p></p><div></div><ul><li></ul><table><tr><td></table><pre></pre><code><h1><br><a href='x'><title><head><body>"
        "</body><html><script><!--><svg><quote><list><item><lb><cell>&#0;&#x1f;&#xd800;&#xfffe;&#9999999;&nbsp;",
    )
)


@given(pieces=st.lists(st.one_of(_TAGS, st.text(max_size=12)), max_size=40))
@settings(deadline=None, max_examples=150)
def test_nothing_raises_and_every_text_is_clean(pieces: list[str]) -> None:
    page = extract(f"<p>{SENTENCE}</p>" + "".join(pieces), "http://a.example/")

    assert page.text == page.text.strip()
    page.text.encode("utf-8")
    assert "\x00" not in page.text + (page.title or "")
