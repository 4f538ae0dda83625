"""Extraction of the main text and the title of one HTML page."""

import logging
import re

from lxml import etree
from lxml.html import HtmlElement
from trafilatura import bare_extraction, baseline, load_html
from trafilatura.settings import Document

from massivetext.extract.extracted_page import Comments, ExtractedPage
from massivetext.extract.links import link_text_frac
from massivetext.extract.render import render_text
from massivetext.extract.salient import extract_salient
from massivetext.text import clean

# trafilatura logs every page that it cannot use; for us that is a normal result, which the documents record.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

# Beside the limits of `extractors`: trafilatura walks from elements up to the page, and past all elements beside them.
MAX_DEPTHS = 600_000  # sum of the depths of all elements
MAX_CHILDREN = 4_000  # of an element
_SURROGATE = re.compile("[\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,8})|([0-9]{1,9}));?")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A tag with 100 attributes is treated as text: libxml2 compares each attribute with all before it, so half a million of
# them (in 5 MB) take minutes. The expression finds every attribute that libxml2 finds, and some that it skips; it can
# also match what looks like a tag within a script.
_VALUE = r"""\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+)"""
_ATTRIBUTE = rf"""(?:[\s/]++|(?<=["']))(?:[^\s/>=]++(?:{_VALUE})?+|{_VALUE})"""
_CROWDED = re.compile(rf"<([a-zA-Z][^\s/><]*+(?:{_ATTRIBUTE}){{100}})")
_SPACE = re.compile(r"\s+")
# Trafilatura repeats cells by these numbers, so a page of 1 MB can demand billions of cells.
_SPANS = ("colspan", "rowspan")
_LONGEST_VALUE = 400  # characters of an attribute; trafilatura compares each class with all its patterns
# With trafilatura 2.3, 2,900 real and 33,000 mutated pages raised only ValueError (a control character, see
# _drop_bad_reference). The other errors are reported for other versions (its issues 16, 60, 667, 701); one odd page
# must not fail a whole shard.
_HOPELESS = (etree.LxmlError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


def extract(html: str, url: str | None = None, comments: Comments | None = None) -> ExtractedPage:
    """Return the main text of a page, with paragraphs, bullets and indentation of code, and its title.

    Rae et al. 2021, A.1.1, extract salient text "with care to preserve any meaningful formatting, such as indentation,
    newlines and bullet points". Their extractor is unpublished. Here trafilatura selects the text (with tables,
    without comments unless they are to be kept; its own baseline, all paragraphs, if it finds little or rejects the
    page), and :func:`massivetext.extract.render.render_text` writes it. The result depends on this page only, not on
    pages before it.
    """
    tree = _parse(html)
    if tree is None:
        return ExtractedPage("", None)
    if not _is_bounded(tree):
        return extract_salient(html, url, comments)
    for element in tree.iter(etree.Element):
        _bound_attributes(element)
    links = link_text_frac(tree)  # first: extraction changes the tree
    return ExtractedPage(clean(_main_text(tree, url, comments)), _title(tree), links)


def _is_bounded(tree: HtmlElement) -> bool:
    """Return whether the tree is neither deep nor broad to excess."""
    depth = depths = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        depths += depth
        if depths > MAX_DEPTHS or len(element) > MAX_CHILDREN:
            return False
    return True


def _bound_attributes(element: etree._Element) -> None:
    for name, value in element.items():
        if name in _SPANS:
            del element.attrib[name]
        elif len(value) > _LONGEST_VALUE and name != "content":
            element.set(name, _NO_XML.sub("", value[:_LONGEST_VALUE]))


def _parse(html: str) -> HtmlElement | None:
    html = _CROWDED.sub(r"&lt;\1", _REFERENCE.sub(_drop_bad_reference, _SURROGATE.sub("\ufffd", html)))
    try:
        tree = load_html(html)
        # load_html rejects input without <html> near its beginning and with at most one child; a page may be like that.
        return tree if tree is not None or not html.strip() else load_html(f"<html><body>{html}</body></html>")
    except _HOPELESS:
        return None


def _drop_bad_reference(reference: re.Match[str]) -> str:
    """Drop a reference to a character that XML forbids: libxml2 accepts it, but then lxml cannot copy the text."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    return "" if code > 0x10FFFF or _NO_XML.match(chr(code)) else reference[0]


def _main_text(tree: HtmlElement, url: str | None, comments: Comments | None) -> str:
    text = ""
    try:
        keep = comments == "keep"
        document = bare_extraction(tree, url=url, include_comments=keep, include_tables=True, deduplicate=False)
        bodies = (document.body, document.commentsbody) if isinstance(document, Document) else ()
        text = "\n\n".join(part for body in bodies if body is not None and (part := render_text(body)))
    except _HOPELESS:
        text = ""
    if text:
        return text
    try:
        return render_text(baseline(tree)[0])
    except _HOPELESS:
        return ""


def _title(tree: HtmlElement) -> str | None:
    for path in ("string(//head/title)", "string(//meta[@property='og:title']/@content)", "string(//h1)"):
        title = clean(_SPACE.sub(" ", str(tree.xpath(path))))
        if title:
            return title[:1000]
    return None
