"""Wikitext -> plain text, by the recipe of RETRO (Borgeaud et al. 2022, A.2)."""

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
# English names of the namespaces whose links are no running text; every wiki knows them beside its own.
LINK_NAMESPACES = frozenset(("file", "image", "media", "category"))

# References are cut out before parsing: where markup around them is broken the parser takes them for text, and the
# templates in them are a third of its work. Comments go first, since they may hold half a reference.
# The lengths bound what a page of unclosed ones can cost; longer ones are left to the parser.
_COMMENT = re.compile(r"<!--.{0,8000}?-->", re.DOTALL)
_REFERENCE = re.compile(r"<ref\b[^>]{0,500}?/>|<ref\b[^>]{0,500}>.{0,8000}?</ref\s*>", re.DOTALL | re.IGNORECASE)
# [[de:Fluss]] is no text but a link from the margin to the article in another language.
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z-]+)?")
# The parser starts over from every opening that is never closed, so its work is their number times the length: measured
# 0.1 to 0.6 s for a million characters so passed. Sound pages stay below a fortieth of this bound.
_MAX_REPEATED_CHARACTERS = 10**7
_OPEN_OR_CLOSE = re.compile(
    r"<!--|-->|[{}\[\]]|<(?P<end>/?)(?P<tag>[a-z]+)(?=[\s/>])[^<>]{0,500}(?<!/)>", re.IGNORECASE
)
_PAIRS = {"{": ("{", 1), "}": ("{", -1), "[": ("[", 1), "]": ("[", -1), "<!--": ("<!--", 1), "-->": ("<!--", -1)}
# Tags that the parser does not look for the end of.
_SINGLE_TAGS = frozenset(("br", "wbr", "hr", "meta", "link", "img", "li", "dt", "dd", "th", "td", "tr"))
_TRAILING_SPACE = re.compile(r"[^\S\n]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")
_MAGIC_WORD = re.compile(r"__[A-Z]{3,20}__")


class WikitextError(ValueError):
    """Wikitext that the parser gives up on."""


def to_text(title: str | None, wikitext: str, link_namespaces: frozenset[str] = LINK_NAMESPACES) -> str:
    """The text of an article: title and sections, joined by blank lines; "" where only the title is left.

    The recipe: sections of references, links and notes go; so do links to files and categories, the templates of
    reference lists, and ``ref`` and ``table`` tags; the rest is stripped of its markup. Ours beside it: "notes" is
    dropped like "note", so are subsections of what is dropped, and links to other languages.

    Args:
        title: of the page, or None.
        wikitext: its markup.
        link_namespaces: names in lower case, of this wiki as well, of namespaces whose links are dropped.

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
    sections = [text for section in _kept(code) if (text := _plain(section, link_namespaces))]
    return "\n\n".join([*([clean(title)] if title else []), *sections]) if sections else ""


def _unclosed(wikitext: str) -> int:
    """How many openings are left open at the end."""
    depths: dict[str, int] = {}
    for token in _OPEN_OR_CLOSE.finditer(wikitext):
        tag = (token["tag"] or "").lower()
        kind, step = (f"<{tag}", -1 if token["end"] else 1) if tag else _PAIRS[token[0]]
        if tag not in _SINGLE_TAGS:
            depths[kind] = max(depths.get(kind, 0) + step, 0)
    return sum(depths.values())


def _kept(code: Wikicode) -> Iterator[Wikicode]:
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
    """Drops nodes at every depth whose text would survive; ``Wikicode.remove`` does it in quadratic time."""
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
