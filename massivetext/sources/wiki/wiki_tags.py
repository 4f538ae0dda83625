"""Take the tags out of wikitext: content that is no markup, content that is dropped, and tags that break lines."""

import html
import html.entities
import re

from massivetext.sources.wiki.wiki_templates import HOLE, LITERAL

# Where content that is no markup was taken out: two marks around its number.
_OPEN, _CLOSE = "\ue001", "\ue002"
_KEPT = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_RAW = re.compile(
    r"<(?:(?P<comment>!--)|(?P<tag>ref|references|gallery|timeline|imagemap|score|graph|hiero|templatedata|templatestyles"
    r"|mapframe|maplink|categorytree|inputbox|includeonly|nowiki|pre|math|chem|ce|source|syntaxhighlight|indicator"
    r"|section|dynamicpagelist|phonos)(?=[\s/>])(?P<attributes>[^<>]{0,1000}?)(?P<single>/?)>)",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,10}|#[xX][0-9a-fA-F]{1,10}|[A-Za-z][A-Za-z0-9]{1,31});")
_TRANSCLUSION = re.compile(r"</?(?:noinclude|onlyinclude)\s*/?>", re.IGNORECASE)
_NOWIKI = re.compile(r"</?nowiki\s*/?>", re.IGNORECASE)
_TEX_BLANK = re.compile(r"\s*\n\s*")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s|/)[^<>]*)?>")
_TABLE = re.compile(r"<(/?)table(?=[\s>])[^<>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(span|div)\b[^<>]{0,500}?display\s*:\s*none[^<>]{0,500}>[^<>]{0,2000}</\1\s*>", re.IGNORECASE)
_POWER = re.compile(r"<sup(?:\s[^<>]*)?>\s*([+\-−–]?[\d.,]{1,12}|n|[+\-−])\s*</sup\s*>", re.IGNORECASE)
_READING_MARK = re.compile(r"<rp>[^<>]{0,10}</rp>", re.IGNORECASE)
_READING = re.compile(r"<rt(?:\s[^<>]*)?>([^<>]{0,200})</rt\s*>", re.IGNORECASE)
_RULER = re.compile(r"<(?:br|hr)(?:[\s/\\][^<>]*)?>[ \t]*\n?|</br\s*>[ \t]*\n?", re.IGNORECASE)
_HTML_HEADING = re.compile(r"<h([1-6])(?:\s[^<>]*)?>\s*([^\n]{0,500}?)\s*</h\1\s*>[ \t]*", re.IGNORECASE)
# The heading itself stays in one line, whatever tags it has.
_HEADING = re.compile(r"^=[^\n]*=[ \t]*$", re.MULTILINE)
_BREAK_IN_HEADING = re.compile(r"\s*</?(?:br|hr|p|div|blockquote|center|ul|ol|li)(?:[\s/][^<>]*)?>\s*", re.IGNORECASE)
_PARAGRAPH = re.compile(
    r"[ \t]*</?(?:p|div|blockquote|center|poem|section|dl|ul|ol|table|figure|h[1-6])(?:[\s/][^<>]*)?>[ \t]*",
    re.IGNORECASE,
)
# A tag ends the address of a link: [http://a.example<b>label</b>].
_TAG_IN_ADDRESS = re.compile(r"(\[https?://[^\s\[\]<>\"']+)(?=</?[a-z])", re.IGNORECASE)
_TERM = re.compile(r"^([*#:;]*+)(?<=;)([^\n<]*+<[^\n]*)$", re.MULTILINE)
_TAG_OR_COLON = re.compile(rf"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:[\s/][^<>]*)?>|:(?!//|{LITERAL})")
_ITEM = re.compile(r"[ \t]*<li(?:\s[^<>]*)?>[ \t]*", re.IGNORECASE)
_BREAK = re.compile(r"[ \t]*</?(?:dt|dd|tr|td|th|caption|figcaption)(?:[\s/][^<>]*)?>[ \t]*", re.IGNORECASE)
_INLINE = frozenset(
    (
        *("span", "li", "small", "big", "b", "i", "u", "s", "em", "strong", "sub", "sup", "code", "tt", "var"),
        *("kbd", "samp", "cite", "q", "abbr", "font", "del", "ins", "strike", "bdi", "bdo", "dfn", "mark", "ruby"),
        *("rb", "rp", "rt", "rtc", "rbc", "wbr", "data", "time", "a", "nobr", "noinclude", "onlyinclude", "ref"),
        *("references", "onlyinclude", "translate", "tvar", "languages", "link", "meta", "tbody", "thead", "tfoot"),
        *("colgroup", "col", "templatestyles", "img", "acronym", "blink", "label", "input", "pre", "source"),
        *("syntaxhighlight", "math", "nowiki", "gallery", "timeline", "includeonly", "pagequality", "pages"),
    )
)

# Tags between which a colon does not end a term.
_PAIRED = (_INLINE | {"div"}) - {"li", "wbr", "img", "link", "meta", "input", "col"}


class KeptContent:
    """Content of a page that is no markup, such as formulas and code; marks stand for it until the end."""

    def __init__(self) -> None:
        self._contents: list[str] = []

    def keep(self, content: str) -> str:
        """Return the mark that stands for a content."""
        self._contents.append(content)
        return f"{_OPEN}{len(self._contents) - 1}{_CLOSE}"

    def restore(self, text: str) -> str:
        """Return a text with the contents in place of their marks."""
        return _KEPT.sub(lambda mark: self._contents[int(mark[1])], text) if self._contents else text


def protect(markup: str) -> tuple[str, KeptContent]:
    """Return the markup without comments, references and what else is dropped whole; and what was taken out of it.

    As in a page that is read, ``includeonly`` goes with its content, and ``noinclude`` leaves its own.
    """
    kept = KeptContent()
    pieces: list[str] = []
    unclosed: set[str] = set()  # tags that have no end tag behind this position
    position = 0
    while match := _RAW.search(markup, position):
        pieces.append(markup[position : match.start()])
        tag = (match["tag"] or "").lower()
        position = match.end()
        if match["single"]:
            pieces.append(_reference(markup, match.start()) if tag == "ref" else _EMPTY_TAGS.get(tag, HOLE))
            continue
        end = None if tag in unclosed else _END[tag].search(markup, position)
        if end is None:
            if not tag:
                position = len(markup)  # as in MediaWiki, a comment without an end is one to the end of the page
            unclosed.add(tag)
            continue  # a tag that is never closed is dropped alone
        if tag == "ref":
            pieces.append(_reference(markup, match.start()))
        else:
            pieces.append(_content(tag, match["attributes"], markup[position : end.start()], kept))
        position = end.end()
    pieces.append(markup[position:])
    return _TRANSCLUSION.sub("", "".join(pieces)), kept


_END = {
    tag: re.compile("-->" if not tag else rf"</{tag}\s*>", re.IGNORECASE)
    for tag in ("", *re.findall(r"[a-z]+", _RAW.pattern.partition("P<tag>")[2].partition(")")[0]))
}


# An empty <nowiki/> separates marks: '' <nowiki/> '' are two pairs of quotes.
_EMPTY_TAGS = {"nowiki": LITERAL, "includeonly": ""}


def _reference(markup: str, start: int) -> str:
    """Return what a reference leaves: nothing, or a hole if a blank stands before it that may have to go with it."""
    return HOLE if markup[start - 1 : start] == " " else ""


def unescape(text: str) -> str:
    """Return a text with characters in place of entities of HTML.

    Only with its semicolon is it one: "&section=2" of an address holds no "§", as ``html.unescape`` would have it.
    """
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(entity: re.Match[str]) -> str:
    name = entity[0][1:]
    return html.unescape(entity[0]) if name[0] == "#" else html.entities.html5.get(name, entity[0])


def _content(tag: str, attributes: str | None, content: str, kept: KeptContent) -> str:
    match tag:
        case "math":
            return kept.keep(rf"\( {_TEX_BLANK.sub(' ', unescape(content).strip())} \)")
        case "chem" | "ce":
            return kept.keep(rf"\( \ce{{{content.strip()}}} \)")
        case "nowiki":
            return kept.keep(unescape(content)) if content else LITERAL
        case "pre" | "source" | "syntaxhighlight":
            inline = tag != "pre" and "inline" in (attributes or "").lower()
            content = _NOWIKI.sub("", content) if tag == "pre" else content
            mark = kept.keep(unescape(content.strip("\n")))
            return mark if inline else f"\n\n{mark}\n\n"
        case "" | "includeonly":
            return ""
    return HOLE


def drop_tags(text: str) -> str:
    """Return the text with tags of HTML as line breaks or nothing; hidden content and tables are dropped.

    What is no tag of HTML stays: "a <b c" and "<stdio.h>".
    """
    if "<" not in text:
        return text
    text = _HTML_HEADING.sub(_wiki_heading, _HIDDEN.sub(HOLE, _without_tables(text)))
    text = _HEADING.sub(lambda heading: _BREAK_IN_HEADING.sub(" ", heading[0]), text)
    text = _READING.sub(r"(\1)", _READING_MARK.sub("", text)) if "<rt" in text else text
    if "://" in text:
        text = _TAG_IN_ADDRESS.sub(r"\1 ", text)
    text = _TERM.sub(_term_and_definition, text)
    text = _RULER.sub("\n", _POWER.sub(r"^\1", text))
    text = _BREAK.sub("\n", _ITEM.sub("\n* ", _PARAGRAPH.sub("\n\n", text)))
    return _TAG.sub(_inline_text, text)


def _term_and_definition(line: re.Match[str]) -> str:
    """Return a line of a term, in which a colon between tags is text, with its definition in a line of its own."""
    marks, text = line[1][:-1], line[2]
    depth = position = 0
    pieces: list[str] = []
    for match in _TAG_OR_COLON.finditer(text):
        pieces.append(text[position : match.start()])
        position = match.end()
        if match[0] != ":":
            pieces.append(match[0])
            if match[2].lower() in _PAIRED:
                depth = max(depth - 1, 0) if match[1] else depth + (match[0][-2] != "/")
        elif depth:
            pieces.append(f":{LITERAL}")
        else:
            term, definition = "".join(pieces).rstrip(), text[position:].strip()
            return f"{marks};{term}\n{marks}:{definition}"
    return f"{marks};{''.join(pieces)}{text[position:]}"


def _wiki_heading(match: re.Match[str]) -> str:
    marks = "=" * int(match[1])
    return f"\n{marks} {match[2]} {marks}\n" if match[2] else "\n"


def _inline_text(match: re.Match[str]) -> str:
    if match[2].lower() not in _INLINE:
        return match[0]
    text, start, end = match.string, match.start(), match.end()
    apart = text[start - 1 : start] == "'" == text[end : end + 1]  # an apostrophe, and a mark of italics
    return LITERAL if apart else ""


def _without_tables(text: str) -> str:
    pieces: list[str] = []
    depth = position = 0
    for match in _TABLE.finditer(text):
        if depth == 0:
            pieces.append(text[position : match.start()])
            position = match.end() if match[1] else match.start()
        if match[1] and depth:
            depth -= 1
            if depth == 0:
                pieces.append(HOLE)
                position = match.end()
        elif not match[1]:
            depth += 1
    pieces.append(text[position:])
    return "".join(pieces)
