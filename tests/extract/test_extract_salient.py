import re
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massivetext.extract import ExtractedPage, extract
from massivetext.extract.block_trees import MODEL_FILE
from massivetext.extract.salient import extract_salient

SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it. "
PAGE = f"""<!doctype html><html><head><title> A  river
 town </title></head><body><nav><a href="/">Home</a> <a href="/about">About</a></nav><article><h1>Heading</h1>
<p>{SENTENCE * 3}</p><p>{SENTENCE * 3}<ul><li>first {SENTENCE}</li><li>second {SENTENCE}</li></ul>
<pre>def f():
    return 1
</pre><p>{SENTENCE * 2}</p><p>{SENTENCE * 2}</article><footer><a href="/c">Copyright</a></footer></body></html>"""
BYTES = 400_000
# The time of one shape is measured beside that of as many bytes of plain text: both must be linear.
SHAPES = {
    "deep": "<div>x",
    "inline": "<b><i>x",
    "lists": "<ul><li>x",
    "tables": "<table><tr><td>x",
    "cells": "<td>x",
    "quotes": "<blockquote>x",
    "code": "<pre><code>x\n",
    "tags never closed": "<a <a ",
    "attributes": "<p " + " a=b" * 500 + ">x",
    "open quotes": "<p class='x",
    "classes": f"<p class='{'content ' * 100}'>x",
    "comments": "<!-- x",
    "declarations": "<!x",
    "end tags": "</b></div></td>",
    "crossed": "<b><div></b>",
    "raw text": "<title>x",
    "entities": "&amp;&#1;&#xd800;&bogus",
    "marks": "e\u0301\u0301",
    "nothing": "<>",
    "zeros": "\x00",
    "paragraphs": "<p>one.",
}


def salient(html: str) -> str:
    return extract_salient(html, "http://a.example/").text


def test_main_text_keeps_paragraphs_bullets_and_indentation_and_leaves_menus_out() -> None:
    page = extract(PAGE, "http://a.example/", "salient")

    assert page.title == "A river town"
    assert "Home" not in page.text
    assert f"\n\n- first {SENTENCE.strip()}\n- second {SENTENCE.strip()}\n\n" in page.text
    assert "def f():\n    return 1" in page.text
    assert page.text.count(SENTENCE.strip()) == 12
    # 4 + 5 + 9 of the characters are in links; all others are not.
    words = re.sub(r"<title>.*?</title>|<[^>]+>", " ", PAGE, flags=re.DOTALL).split()
    assert page.link_text_frac == pytest.approx(18 / sum(map(len, words)))


@pytest.mark.parametrize("html", ["", "  \n ", "<html></html>", "<html><body></body></html>", "<!-- x -->", "\x00"])
def test_a_page_without_text_gives_none(html: str) -> None:
    assert extract_salient(html) == ExtractedPage("", None)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>T &amp; U</title><meta property='og:title' content='O'>", "T & U"),
        ("<title> </title><meta property='og:title' content='O &lt; P'>", "O < P"),
        ('<title> </title><meta content="O\'" property="og:title">', "O'"),
        ("", "Heading"),
    ],
)
def test_the_title_is_the_first_that_is_not_empty(head: str, title: str) -> None:
    html = f"<html><head>{head}</head><body><h1>Heading</h1><p>{SENTENCE}</p></body></html>"

    assert extract_salient(html).title == title


def test_the_result_does_not_depend_on_pages_before() -> None:
    first = extract_salient(PAGE)
    for piece in SHAPES.values():
        extract_salient(piece * 100)

    assert extract_salient(PAGE) == first


def test_text_below_any_depth_and_behind_the_end_of_the_page_stays() -> None:
    body = PAGE.partition("<body>")[2].partition("</body>")[0]

    assert salient("<div>" * 20_000 + body).count(SENTENCE.strip()) >= 10
    assert salient("<html><body></body></html>" + body).count(SENTENCE.strip()) >= 10


def test_drawings_and_unknown_elements_hide_nothing_that_follows() -> None:
    shapes = "<svg>" + "<path d='M0'/><g><x-shape>" * 300 + "</svg>" + "<x-icon></x-icon>" * 300

    assert salient(PAGE.replace("<article>", f"<div>{shapes}</div><article>")).count(SENTENCE.strip()) == 12


def test_noscript_is_read_where_scripts_make_all_of_the_page() -> None:
    body = PAGE.partition("<body>")[2].partition("</body>")[0]

    assert salient(f"<body><noscript>{body}</noscript></body>").count(SENTENCE.strip()) == 12
    assert "Enable" not in salient(PAGE.replace("<nav>", f"<noscript>Enable scripts. {SENTENCE}</noscript><nav>"))


def test_what_stands_for_frames_is_read() -> None:
    page = f"<html><FRAMESET><frame src=a></FRAMESET><NOFRAMES><body><p>{SENTENCE * 3}</p></body></NOFRAMES></html>"

    assert SENTENCE.strip() in salient(page)


@pytest.mark.parametrize("element", ["script", "title", "style", "textarea", "iframe", 'script src="a.js" '])
def test_empty_elements_of_xhtml_hide_nothing(element: str) -> None:
    page = f'<?xml version="1.0"?><html><{element}/><body><p>{SENTENCE * 3}</p></body></html>'

    assert SENTENCE.strip() in salient(page)


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_takes_time_and_memory_that_its_bytes_bound(name: str) -> None:
    salient(PAGE)  # compiles
    piece = SHAPES[name]
    html = PAGE + piece * (BYTES // len(piece))
    tracemalloc.start()
    begin = time.process_time()
    text = salient(html)
    cpu = time.process_time() - begin
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert "\x00" not in text
    assert cpu < 20  # 0.2 s on an idle core; a quadratic step takes minutes
    assert peak < 700 * BYTES + 50_000_000


_TAGS = st.sampled_from(
    re.findall(
        r"<[^>]+>|&[^;]+;",
        "<p></p><div></div><ul><li></ul><table><tr><td></table><pre></pre><code><h1><br><a href='x'><title><head><body>"
        "</body><html><script></script><!--><svg><quote><list><dl><dt><dd><b></b>&#0;&#x1f;&#xd800;&#9999999;&nbsp;",
    )
)


@given(pieces=st.lists(st.one_of(_TAGS, st.text(max_size=12), st.sampled_from("<>&'\"=/! -")), max_size=60))
@settings(deadline=None, max_examples=150)
def test_nothing_raises_and_every_text_is_clean(pieces: list[str]) -> None:
    html = f"<p>{SENTENCE}</p>" + "".join(pieces)
    page = extract_salient(html, "http://a.example/")

    assert page == extract_salient(html, "http://a.example/")
    assert page.text == page.text.strip()
    page.text.encode("utf-8")
    assert "\x00" not in page.text + (page.title or "")
    assert 0 <= page.link_text_frac <= 1


@given(cut=st.integers(0, len(PAGE)), start=st.integers(0, len(PAGE)), end=st.integers(0, len(PAGE)))
@settings(deadline=None, max_examples=60)
def test_pages_that_are_cut_off_or_scrambled_give_text_or_nothing(cut: int, start: int, end: int) -> None:
    assert extract_salient(PAGE[:cut]).text is not None
    assert extract_salient(PAGE[start:] + PAGE[:end]).text is not None


def test_the_model_is_small() -> None:
    assert MODEL_FILE.stat().st_size < 2_000_000
