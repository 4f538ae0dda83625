"""The share of the text of a page that is in links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.extract import extract

SENTENCE = "The bridge was closed after the storm in March."


def body(content: str) -> float:
    return extract(f"<html><head><title>Not counted</title></head><body>{content}</body></html>").link_text_frac


# Characters without white space, those within links, written out.
@pytest.mark.parametrize(
    ("content", "share"),
    [
        ("", 0.0),
        ("<p>abc</p>", 0.0),
        ("<a href='/'>abc</a>", 1.0),
        ("<p>a b <a href='/'>c d</a> e f</p>", 2 / 6),
        ("<a href='/'>a<b>b</b>c</a>d", 3 / 4),  # text after an element within the link is in the link too
        ("<a name='top'>ab</a><a href='/'>cd</a>", 2 / 4),
        ("<script>var x;</script><style>p {}</style><a href='/'>ab</a>cd", 2 / 4),
        ("<a href='/'>ab<script>var x;</script>cd</a>efgh", 4 / 8),
        ("<a href='/'>ab<!-- no -->cd</a><!-- no -->efgh", 4 / 8),
        ("<div>  <a href='/'> \n </a> </div>", 0.0),
    ],
)
def test_share_of_characters_within_links(content: str, share: float) -> None:
    assert body(content) == pytest.approx(share)


def test_a_page_that_cannot_be_parsed_has_none() -> None:
    assert extract("").link_text_frac == 0.0


def test_the_text_does_not_change_by_it() -> None:
    links = "".join(f"<li><a href='/{number}'>Chapter {number}</a></li>" for number in range(9))
    page = extract(f"<html><body><ul>{links}</ul><p>{SENTENCE * 3}</p></body></html>")

    assert SENTENCE in page.text
    assert 0 < page.link_text_frac < 1


_PIECES = [
    "<a href='/'>",
    "</a>",
    "<p>",
    "</p>",
    "<script>",
    "</script>",
    "a b",
    "<!-- c -->",
    "<div>",
    "</body>",
    "&amp;",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_it_is_a_share_on_every_page(content: str) -> None:
    assert 0.0 <= body(content) <= 1.0


def test_a_deep_page_takes_no_recursion() -> None:
    assert body("<div>" * 5000 + "a<a href='/'>b</a>" + "</div>" * 5000) in (0.0, 0.5)  # libxml2 may cut it off
