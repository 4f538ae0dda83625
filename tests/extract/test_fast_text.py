"""The text of a page by one pass over its tags, which screening judges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from massivetext.extract.extractors import extract_page
from massivetext.extract.fast_text import fast_text

PROSE = "The river rises in the hills and runs to the sea, and the people of the valley live with it."
WORDS = st.sampled_from(["river", "&nbsp;", "a", "x&amp;y", "\n", "hill,", "über"])
TAGS = st.sampled_from(
    ["p", "/p", "b", "/b", "li", "ul", "/ul", "td", "tr", "table", "/table", "br", "a href=x", "/a", "h2", "/h2", "pre"]
)
PIECES = st.one_of(WORDS.map(lambda word: f" {word} "), WORDS, TAGS.map(lambda tag: f"<{tag}>"))


@pytest.mark.parametrize(
    ("page", "prose", "words"),
    [
        (f"<p>{PROSE * 6}</p><p>Home</p>", f"{PROSE * 6}\n", 118),
        (f"<p>{PROSE * 6}</p><div><a href=/x>{PROSE}</a></div>", f"{PROSE * 6}\n", 137),
        ("<p>Tea&nbsp;&amp; cake</p><p>Rye</p>", "Tea\xa0& cake\nRye\n", 7),
        ("<title>No</title><script>var a = '<p>no';</script><style>p {}</style><p>Yes</p>", "Yes\n", 2),
        ("<!-- no <p> --><p>Yes<!doctype no><b>terday</b></p>", "Yesterday\n", 2),
        ("<noscript><p>Yes</p></noscript>", "Yes\n", 2),
        ("a < b and c <3", "a < b and c <3\n", 7),
        ("<p>Yes<br>no<br/><br> maybe</br>so</p>", "Yes no maybe so\n", 6),
        ("<!-- never ends <p>Yes", "Yes\n", 2),
        ("<title>Never ends<p>Yes", "Never ends\nYes\n", 5),
        ("<p>Yes</p><script>never ends", "Yes\n", 2),
        ("", "", 0),
        ("<", "", 0),
    ],
)
def test_tags_scripts_and_links_are_no_prose(page: str, prose: str, words: int) -> None:
    assert fast_text(page.encode()) == (prose, words)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_extractor_finds_more_words(page: str) -> None:
    html = f"<html><body>{page}</body></html>"
    most = fast_text(html.encode()).most_words

    assert all(len(extract_page(html, None, name).text.split()) <= most for name in ("salient", "trafilatura"))


@given(st.binary(max_size=200) | st.text("<>/!-abpti tles&;\n", max_size=200).map(str.encode))
def test_no_bytes_raise_or_grow(page: bytes) -> None:
    found = fast_text(page)

    assert len(found.prose.encode()) <= 3 * len(page) + 1
    assert 0 <= found.most_words <= 2 * len(page) + 1
