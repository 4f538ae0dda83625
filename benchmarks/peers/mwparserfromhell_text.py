"""Text of articles by mwparserfromhell, as this project made it until its own scanner; the peer of wikipedia.py."""

import re
from collections.abc import Iterator

import mwparserfromhell
from mwparserfromhell.nodes import Tag, Template, Wikilink
from mwparserfromhell.wikicode import Wikicode

from massivetext.text import clean

DROPPED_SECTIONS = frozenset(
    ("references", "external links", "sources", "further reading", "see also", "citations", "note", "notes")
)
DROPPED_TEMPLATES = frozenset(("reflist", "notelist", "notelist-ua", "notelist-lr", "notelist-ur", "notelist-lg"))
DROPPED_TAGS = frozenset(("ref", "table"))
# English names of the namespaces with links that are not running text; every wiki accepts them beside its own names.
LINK_NAMESPACES = frozenset(("file", "image", "media", "category"))

# References are removed before parsing: if markup around them is broken the parser takes them for text, and the
# templates in them are a third of its work. Comments are removed first, since they may contain half a reference.
# The lengths bound the time for a page of unclosed ones; longer ones are left to the parser.
_COMMENT = re.compile(r"<!--.{0,8000}?-->", re.DOTALL)
_REFERENCE = re.compile(r"<ref\b[^>]{0,500}?/>|<ref\b[^>]{0,500}>.{0,8000}?</ref\s*>", re.DOTALL | re.IGNORECASE)
# [[de:Fluss]] is not text but a link in the margin to the article in another language.
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z-]+)?")
# The parser starts again from every opening that is never closed, so its work is their number times the length:
# measured 0.1 to 0.6 s per million characters that are read again. Sound pages stay below a fortieth of this bound.
_MAX_REPEATED_CHARACTERS = 10**7
_OPEN_OR_CLOSE = re.compile(
    r"<!--|-->|[{}\[\]]|<(?P<end>/?)(?P<tag>[a-z]+)(?=[\s/>])[^<>]{0,500}(?<!/)>", re.IGNORECASE
)
_PAIRS = {"{": ("{", 1), "}": ("{", -1), "[": ("[", 1), "]": ("[", -1), "<!--": ("<!--", 1), "-->": ("<!--", -1)}
# Tags without an end tag for the parser.
_SINGLE_TAGS = frozenset(("br", "wbr", "hr", "meta", "link", "img", "li", "dt", "dd", "th", "td", "tr"))
_TRAILING_SPACE = re.compile(r"[^\S\n]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")
_MAGIC_WORD = re.compile(r"__[A-Z]{3,20}__")


class WikitextError(ValueError):
    """Wikitext that cannot be parsed, or not in reasonable time."""


def to_text(title: str | None, wikitext: str, link_namespaces: frozenset[str] = LINK_NAMESPACES) -> str:
    """Return the text of an article: title and sections, joined by blank lines; "" if only the title is left.

    As in RETRO, sections of references, links and notes are dropped, and links to files and categories, the templates
    of reference lists, and ``ref`` and ``table`` tags; markup is removed from the rest. Ours: "notes" is dropped like
    "note", and so are subsections of dropped sections, and links to other languages.

    Args:
        title: title of the page, or None.
        wikitext: markup of the page.
        link_namespaces: names, in lower case, of the namespaces to which links are dropped; with those of this wiki.

    Raises:
        WikitextError: the markup cannot be parsed, or not in reasonable time.
    """
    wikitext = _REFERENCE.sub("", _COMMENT.sub("", wikitext))
    unclosed = _unclosed(wikitext)
    if unclosed * len(wikitext) > _MAX_REPEATED_CHARACTERS:
        raise WikitextError(
            f"{unclosed:,} brackets, braces, comments or tags are not closed in {len(wikitext):,} characters"
        )
    try:
        code = mwparserfromhell.parse(wikitext)
    except mwparserfromhell.parser.ParserError as error:
        raise WikitextError(f"mwparserfromhell: {error}") from error
    sections = [text for section in _wanted_sections(code) if (text := _plain(section, link_namespaces))]
    return "\n\n".join([*([clean(title)] if title else []), *sections]) if sections else ""


def _unclosed(wikitext: str) -> int:
    """Return the number of openings that are never closed."""
    depths: dict[str, int] = {}
    for token in _OPEN_OR_CLOSE.finditer(wikitext):
        tag = (token["tag"] or "").lower()
        kind, step = (f"<{tag}", -1 if token["end"] else 1) if tag else _PAIRS[token[0]]
        if tag not in _SINGLE_TAGS:
            depths[kind] = max(depths.get(kind, 0) + step, 0)
    return sum(depths.values())


def _wanted_sections(code: Wikicode) -> Iterator[Wikicode]:
    dropped_level = 7  # deeper than any heading
    for section in code.get_sections(flat=True, include_lead=True, include_headings=True):
        headings = section.filter_headings(recursive=False)
        if headings:
            level = int(headings[0].level)
            if level > dropped_level:
                continue
            name = str(headings[0].title.strip_code()).strip().lower()
            dropped_level = level if name in DROPPED_SECTIONS else 7
            if name in DROPPED_SECTIONS:
                continue
        yield section


def _plain(section: Wikicode, link_namespaces: frozenset[str]) -> str:
    _prune(section, link_namespaces)
    text = _MAGIC_WORD.sub("", str(section.strip_code(normalize=True, collapse=True)))
    return clean(_BLANK_LINES.sub("\n\n", _TRAILING_SPACE.sub("", clean(text))))


def _prune(code: Wikicode, link_namespaces: frozenset[str]) -> None:
    """Drop unwanted nodes at every depth; ``Wikicode.remove`` would take quadratic time."""
    kept = [node for node in code.nodes if not _is_dropped(node, link_namespaces)]
    code.nodes = kept
    for node in kept:
        inside = node.contents if isinstance(node, Tag) else node.text if isinstance(node, Wikilink) else None
        if inside is not None:
            _prune(inside, link_namespaces)


def _is_dropped(node: object, link_namespaces: frozenset[str]) -> bool:
    if isinstance(node, Template):
        return str(node.name).strip().lower() in DROPPED_TEMPLATES
    if isinstance(node, Tag):
        return str(node.tag).strip().lower() in DROPPED_TAGS
    if isinstance(node, Wikilink):
        namespace, colon, _ = str(node.title).partition(":")
        margin = node.text is None and _LANGUAGE.fullmatch(namespace) is not None
        return bool(colon) and (margin or namespace.strip().lower() in link_namespaces)
    return False
