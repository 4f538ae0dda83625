"""Convert the HTML of wiki pages, as Parsoid writes it, to the text of articles."""

import re

import lxml.html
from lxml import etree

from massivetext.sources.wiki.wiki_languages import WikiLanguage
from massivetext.sources.wiki.wiki_tags import KeptContent
from massivetext.sources.wiki.wiki_templates import HOLE, LITERAL
from massivetext.sources.wiki.wikitext import read_article

# Characters that would be markup, though they are none in HTML; at the beginning of a line and elsewhere.
_MARKUP = re.compile(r"_(?=_)|\[(?=[a-z]+:|//)", re.IGNORECASE)
_LINE_MARKUP = re.compile(r"^[*#:;|=-]")
_PRIVATE_USE = re.compile("[\ue000-\ue005]")
_BLANKS = re.compile(r"[ \t\r\n]+")
_DROPPED = frozenset(
    (
        *("table", "style", "script", "noscript", "figure", "template", "audio", "video", "img", "link", "meta"),
        *("head", "nav", "form", "input", "button", "object"),
    )
)
# Classes of what is beside the text of an article: boxes, notes, links to other pages, marks of editors.
_DROPPED_CLASSES = re.compile(
    r"(?:^|\s)(?:reference|references|mw-references\S*|reflist|navbox\S*|infobox\S*|hatnote|dablink|metadata|noprint|thumb\S*"
    r"|mw-editsection|toc|shortdescription|sistersitebox|ambox|mbox\S*|gallery|catlinks|mw-cite-backlink|Inline-Template"
    r"|noexcerpt|geo-nondefault|mwe-math-fallback\S*)(?:\s|$)"
)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_POWER = re.compile(r"[+\-−–]?[\d.,]+|n|[+\-−]")
_BLOCKS = frozenset(
    (
        *("p", "div", "section", "blockquote", "center", "dl", "ul", "ol", "pre", "article", "aside", "header"),
        *("footer", "main", "address", "details", "summary"),
    )
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SPECIAL = frozenset(("math", "pre", "sup", "br", *_HEADINGS))
_MOST_DEPTH = 200


class PageText:
    """Text of a page with the marks that :func:`read_article` reads."""

    def __init__(self) -> None:
        self.kept = KeptContent()
        self._pieces: list[str] = []

    def reduced(self) -> str:
        """Return all that was added."""
        return "".join(self._pieces)

    def add_element(self, element: lxml.html.HtmlElement, lists: str = "", depth: int = 0) -> None:
        """Add an element with all that is in it, but not what is behind it.

        Args:
            element: the element.
            lists: marks of the lists that it is in.
            depth: number of elements around it.
        """
        tag = element.tag
        if not isinstance(tag, str):
            return  # a comment
        if _is_dropped(element) or depth > _MOST_DEPTH:
            self._pieces.append(HOLE)
            return
        if tag in _SPECIAL:
            self._add_special(tag, element)
            return
        if len(element) == 0 and not (element.text or "").strip(" \n\t"):
            self._pieces.append(" " if element.text else HOLE)
            return
        before, behind, inner_lists = _around(tag, lists)
        self._pieces.append(before)
        self._text(element.text)
        for child in element:
            self.add_element(child, inner_lists, depth + 1)
            self._text(child.tail)
        self._pieces.append(behind)

    def _text(self, text: str | None) -> None:
        if not text:
            return
        text = _BLANKS.sub(" ", _PRIVATE_USE.sub("", text))
        if not self._pieces or self._pieces[-1].endswith("\n"):
            text = _LINE_MARKUP.sub(rf"{LITERAL}\g<0>", text.lstrip(" "))
        self._pieces.append(_MARKUP.sub(rf"\g<0>{LITERAL}", text).replace("''", f"'{LITERAL}'"))

    def _add_special(self, tag: str, element: lxml.html.HtmlElement) -> None:
        match tag:
            case "math":
                self._math(element)
            case "pre":
                self._preformatted(element)
            case "sup":
                self._raised(element)
            case "br":
                self._pieces.append("\n")
            case _:
                self._heading(element)

    def _math(self, element: lxml.html.HtmlElement) -> None:
        found = element.xpath(".//*[local-name()='annotation' and @encoding='application/x-tex']")
        tex = (found[0].text_content() if found else element.get("alttext") or "").strip()
        self._pieces.append(self.kept.keep(rf"\( {_BLANKS.sub(' ', _unstyled(tex))} \)") if tex else HOLE)

    def _preformatted(self, element: lxml.html.HtmlElement) -> None:
        self._pieces.append(f"\n\n{self.kept.keep(element.text_content().strip(chr(10)))}\n\n")

    def _raised(self, element: lxml.html.HtmlElement) -> None:
        text = _BLANKS.sub(" ", element.text_content()).strip()
        self._pieces.append(f"^{text}" if _POWER.fullmatch(text) else text)

    def _heading(self, element: lxml.html.HtmlElement) -> None:
        text = _BLANKS.sub(" ", _PRIVATE_USE.sub("", element.text_content())).strip()
        marks = "=" * _HEADINGS[element.tag]
        self._pieces.append(f"\n\n{marks} {text} {marks}\n" if text else "\n\n")


def html_to_text(title: str | None, html: str, wiki: WikiLanguage) -> str:
    """Return the text of an article; see :func:`massivetext.sources.wiki.wikitext.to_text`.

    Args:
        title: title of the page, or None.
        html: the page as Parsoid writes it, with templates expanded.
        wiki: names of the wiki.

    Raises:
        ValueError: there is no HTML.
    """
    try:
        root = lxml.html.document_fromstring(
            html.encode("utf-8", "replace"), parser=lxml.html.HTMLParser(encoding="utf-8")
        )
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise ValueError(f"lxml: {error}") from error
    page = PageText()
    bodies = root.xpath("//body")
    page.add_element(bodies[0] if bodies else root)
    return read_article(title, page.reduced(), page.kept, wiki)


def _around(tag: str, lists: str) -> tuple[str, str, str]:
    """Return what is before and behind an element, and the marks of lists for what is in it."""
    if tag in ("ul", "ol"):
        return "" if lists else "\n", "" if lists else "\n\n", lists + ("*" if tag == "ul" else "#")
    if tag == "li":
        return f"\n{lists or '*'} ", "", lists
    if tag in ("dt", "dd", "figcaption"):
        return "\n", "\n", lists
    if tag in _BLOCKS and not lists:
        return "\n\n", "\n\n", lists
    return "", "", lists


def _is_dropped(element: lxml.html.HtmlElement) -> bool:
    if element.tag in _DROPPED or element.get("role") in ("note", "navigation"):
        return True
    return bool(_DROPPED_CLASSES.search(element.get("class") or "") or _HIDDEN.search(element.get("style") or ""))


def _unstyled(tex: str) -> str:
    return tex[len(r"{\displaystyle") : -1].strip() if tex.startswith(r"{\displaystyle") and tex.endswith("}") else tex
