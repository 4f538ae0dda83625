"""Convert wikitext to the text that a reader of the article sees, without tables, notes and lists of links."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from massivetext.sources.wiki import wiki_lines, wiki_tags
from massivetext.sources.wiki.wiki_languages import WikiLanguage, wiki_language
from massivetext.sources.wiki.wiki_scanner import MarkupScanner
from massivetext.text import clean

_PRIVATE_USE = re.compile("[\ue000-\ue005]")  # marks of our own must not come from the page
_HEADING = re.compile(r"^(={1,6})[ \t]*(.+?)[ \t]*\1[ \t]*\ue000*[ \t]*$", re.MULTILINE)
_NO_LANGUAGE = wiki_language("")


class _Section(NamedTuple):
    """A heading, "" before the first one, its level from 1, and the text up to the next heading."""

    level: int
    heading: str
    text: str


def to_text(title: str | None, wikitext: str, wiki: WikiLanguage = _NO_LANGUAGE) -> str:
    r"""Return the text of an article: title and sections, joined by blank lines; "" if only the title is left.

    As in RETRO (Borgeaud et al. 2022, A.2), sections of references, links and notes are dropped, and links to files and
    categories, reference lists and tables. Ours: what is below dropped sections goes too, and so do links to other
    languages; templates with running text leave it; what others leave empty is closed up; mathematics stays as TeX
    between ``\(`` and ``\)``; lists keep their bullets and numbers. The work is linear in the length of the page.

    Args:
        title: title of the page, or None.
        wikitext: markup of the page.
        wiki: names of the wiki: namespaces, headings, templates.
    """
    lines = _PRIVATE_USE.sub("", wikitext).replace("\r\n", "\n").replace("\r", "\n")
    markup, kept = wiki_tags.protect(lines.replace("&nbsp;", "\u00a0"))
    reduced = MarkupScanner(title or "", wiki).reduce(markup)
    if "-{" in reduced:
        reduced = wiki_lines.choose_variants(reduced, wiki.code)
    return read_article(title, wiki_tags.drop_tags(reduced), kept, wiki)


def read_article(title: str | None, reduced: str, kept: wiki_tags.KeptContent, wiki: WikiLanguage) -> str:
    """Return the text of an article of which only headings, lists and quotes are marked up; see :func:`to_text`.

    Args:
        title: title of the page, or None.
        reduced: markup without templates, links and tags; a hole stands for what was left out.
        kept: contents of the page that are no markup.
        wiki: names of the wiki.
    """
    texts = []
    for section in _with_text(_wanted(_sections(reduced, wiki), wiki)):
        text = "\n".join(part for part in (section.heading, section.text) if part)
        texts.append(kept.restore(text))
    return "\n\n".join([*([clean(title)] if title else []), *map(clean, texts)]) if texts else ""


def _sections(reduced: str, wiki: WikiLanguage) -> Iterator[_Section]:
    level, heading, start = 1, "", 0
    for match in _HEADING.finditer(reduced):
        yield _Section(level, heading, _body(reduced[start : match.start()]))
        level, heading, start = len(match[1]), _body(match[2]).strip(), match.end()
    yield _Section(level, heading, _body(reduced[start:]))


def _body(reduced: str) -> str:
    return wiki_tags.unescape(wiki_lines.close_holes(wiki_lines.read_lines(reduced)))


def _wanted(sections: Iterator[_Section], wiki: WikiLanguage) -> Iterator[_Section]:
    dropped_level = 7  # deeper than any heading
    for section in sections:
        if section.heading:
            if section.level > dropped_level:
                continue
            dropped = section.heading.rstrip(":").strip().lower() in wiki.dropped_headings
            dropped_level = section.level if dropped else 7
            if dropped:
                continue
        yield section


def _with_text(sections: Iterator[_Section]) -> list[_Section]:
    """Drop sections with no text in them nor in the sections below them."""
    kept: list[_Section] = []
    needed = 0  # level of the section behind, if that is below the one looked at
    for section in reversed(list(sections)):
        if section.text or (section.heading and section.level < needed):
            kept.append(section)
            needed = section.level
    return kept[::-1]
