"""The whole text of an HTML document, as of a book: nothing is taken for a menu, and nothing is left out."""

import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

_HIDDEN = frozenset({"script", "style", "head", "template", "noscript", "svg", "iframe", "object"})
_BREAKS = frozenset({"br", "hr", "tr", "li", "dt", "dd", "option"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "div", "dl", "fieldset", "figcaption"}
    | {"figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "html", "main", "nav", "ol", "p"}
    | {"pre", "section", "table", "ul", "tbody", "thead"}
)
_LINE, _PARAGRAPH = "\x01", "\x02"  # breaks, while white space is folded
_KEPT = str.maketrans({" ": "\x03", "\n": "\x04", "\t": "\x05"})  # white space of preformatted text
_WRITTEN = str.maketrans({"\x03": " ", "\x04": "\n", "\x05": "\t"})
_SPACE = re.compile(r"\s+")
_AROUND = re.compile(r" ?([\x01\x02]) ?")
_MARKS = re.compile(r"[\x01\x02]+")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


def parse_markup(markup: str) -> HtmlElement | None:
    """Return the tree of HTML or XHTML; None if there is nothing in it that can be parsed."""
    text = _NO_XML.sub("", _DECLARATION.sub("", markup, count=1))
    try:
        return document_fromstring(text, parser=HTMLParser(huge_tree=True))
    except (etree.LxmlError, ValueError, AssertionError, RecursionError):
        return None


def whole_text(root: HtmlElement) -> str:
    """Return the text of a tree: blocks are parted by empty lines; lines of verse, lists and tables are lines."""
    text = _AROUND.sub(r"\1", _SPACE.sub(" ", "".join(_pieces(root))))
    text = _MARKS.sub(lambda marks: "\n\n" if _PARAGRAPH in marks[0] else "\n", text)
    return text.translate(_WRITTEN).strip()


def title_of(root: HtmlElement) -> str | None:
    """Return the title of a document, or None."""
    found = root.find(".//title")
    title = " ".join("".join(found.itertext()).split()) if found is not None else ""
    return title or None


def _pieces(root: HtmlElement) -> Iterator[str]:
    hidden = pre = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        name = element.tag if isinstance(element.tag, str) else ""
        begins = event == "start"
        if name in _HIDDEN:
            hidden += 1 if begins else -1
        if name == "pre":
            pre += 1 if begins else -1
        if not hidden and name:
            yield _mark(name, begins=begins)
            if begins:
                yield _kept(element.text, pre)
        if not begins and not hidden:
            yield _kept(element.tail if element is not root else None, pre)


def _mark(name: str, *, begins: bool) -> str:
    if name in _BLOCKS:
        return _PARAGRAPH
    if name in ("td", "th"):
        return "" if begins else " "
    return _LINE if name in _BREAKS else ""


def _kept(text: str | None, pre: int) -> str:
    return (text or "").translate(_KEPT) if pre else (text or "")
