"""One HTML page -> its main text and title."""

import logging
import re
from typing import NamedTuple

from lxml import etree
from lxml.html import HtmlElement
from trafilatura import bare_extraction, baseline, load_html
from trafilatura.settings import Document

from massivetext.extract.links import link_text_frac
from massivetext.extract.render import render
from massivetext.text import clean

# trafilatura tells each page that it cannot use; that is our own result, not the operator's business.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

# Trafilatura's cost grows faster than the page: 50,000 elements take 2 to 8 s, and 400,000 minutes. A larger tree gets
# its linear baseline instead. A count, unlike a time-out, gives the same text on every machine.
MAX_ELEMENTS = 50_000
_SURROGATE = re.compile("[\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,9}));?")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A tag of 2,000 attributes is taken for text: libxml2 compares each attribute with all before it, and half a million of
# them, which 5 MB can hold, keep it busy for minutes. What begins like a tag within a script may match as well. What
# libxml2 takes for an attribute is one here; some of what it skips is one here, too.
_VALUE = r"""\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+)"""
_ATTRIBUTE = rf"""(?:[\s/]++|(?<=["']))(?:[^\s/>=]++(?:{_VALUE})?+|{_VALUE})"""
_CROWDED = re.compile(rf"<([a-zA-Z][^\s/><]*+(?:{_ATTRIBUTE}){{2000}})")
_SPACE = re.compile(r"\s+")
# Trafilatura multiplies cells by these, so a page of 1 MB can ask for billions.
_SPANS = ("colspan", "rowspan")
# 2,900 real and 33,000 mutated pages raised nothing but ValueError (a control character, see _bad_reference) with
# trafilatura 2.3; the others stand in reports on other versions (its issues 16, 60, 667, 701), and one odd page must
# not cost a shard.
_HOPELESS = (etree.LxmlError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


class Extracted(NamedTuple):
    """What is taken from a page.

    Attributes:
        text: its main text; "" where it has none.
        title: its title, or None.
        link_text_frac: see :func:`massivetext.extract.links.link_text_frac`; 0.0 where nothing can be parsed.
    """

    text: str
    title: str | None
    link_text_frac: float = 0.0


def extract(html: str, url: str | None = None) -> Extracted:
    """The main text of a page with paragraphs, bullets and the indentation of code, and its title.

    Rae et al. 2021, A.1.1, take salient text "with care to preserve any meaningful formatting, such as indentation,
    newlines and bullet points". Their extractor is unpublished; trafilatura finds the text here (comments left out,
    tables kept; where it finds little, it takes its own baseline, all paragraphs) and
    :func:`massivetext.extract.render.render` writes it. Where it refuses a page, its baseline is used all the same. The
    result depends on the page alone, not on pages before it.
    """
    tree = _parse(html)
    if tree is None:
        return Extracted("", None)
    for element in tree.iter(etree.Element):
        for span in _SPANS:
            element.attrib.pop(span, None)
    links = link_text_frac(tree)  # before the tree is taken apart
    return Extracted(clean(_main_text(tree, url)), _title(tree), links)


def _parse(html: str) -> HtmlElement | None:
    html = _CROWDED.sub(r"&lt;\1", _REFERENCE.sub(_bad_reference, _SURROGATE.sub("\ufffd", html)))
    try:
        tree = load_html(html)
        # Something without <html> near its beginning and with one child at most is refused; a page may be that bare.
        return tree if tree is not None or not html.strip() else load_html(f"<html><body>{html}</body></html>")
    except _HOPELESS:
        return None


def _bad_reference(reference: re.Match[str]) -> str:
    """Drops a reference to a character that XML cannot hold: libxml2 reads it, lxml then refuses to copy the text."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return "" if code > 0x10FFFF or _NO_XML.match(chr(code)) else reference[0]


def _main_text(tree: HtmlElement, url: str | None) -> str:
    text = ""
    if _elements(tree) <= MAX_ELEMENTS:
        try:
            document = bare_extraction(tree, url=url, include_comments=False, include_tables=True, deduplicate=False)
            text = render(document.body) if isinstance(document, Document) and document.body is not None else ""
        except _HOPELESS:
            text = ""
    if text:
        return text
    try:
        return render(baseline(tree)[0])
    except _HOPELESS:
        return ""


def _elements(tree: HtmlElement) -> int:
    return sum(1 for _ in tree.iter(etree.Element))


def _title(tree: HtmlElement) -> str | None:
    for path in ("string(//head/title)", "string(//meta[@property='og:title']/@content)", "string(//h1)"):
        title = clean(_SPACE.sub(" ", str(tree.xpath(path))))
        if title:
            return title[:1000]
    return None
