"""Make the document of a file that is one text: plain text, Markdown or HTML, as a document or as a book."""

import re
from collections.abc import Callable

from massivetext.extract.publication_date import publication_date
from massivetext.extract.watchdog import GivenUp, extract_within
from massivetext.schema import Document, Rejected
from massivetext.sources import gutenberg
from massivetext.sources.documents.layouts import LayoutName
from massivetext.sources.markup_text import parse_markup, title_of, whole_text
from massivetext.sources.source_formats import ReadLimits
from massivetext.sources.streams import charset
from massivetext.text import clean

_HEAD_BYTES = 1 << 14
# Settings before a text in Markdown, which generators of sites take out: YAML between dashes, TOML between plus signs.
_YAML = r"(?:[\w.-]+[ \t]*:(?:[ \t].*)?\n|[ \t]+.*\n|-[ \t].*\n|#.*\n|\n)*+"
_TOML = r"(?:[\w.\"-]+[ \t]*=.*\n|\[.*\n|[ \t].*\n|[\]}].*\n|#.*\n|\n)*+"
_FRONT_MATTER = re.compile(
    rf"\s*(?:---[ \t]*\n(?P<yaml>{_YAML})(?:---|\.\.\.)|\+\+\+[ \t]*\n(?P<toml>{_TOML})\+\+\+)[ \t]*(?:\n|\Z)"
)
_TITLE_SETTING = re.compile(r"^title[ \t]*[:=][ \t]*(?P<title>[^|>\s].*)$", re.MULTILINE | re.IGNORECASE)
# Makes the document of a file's name, key, bytes and layout ("text", "markdown" or "html").
MakeDocument = Callable[[str, str, bytes, LayoutName, ReadLimits], Document | Rejected]


def make_page(origin: str, key: str, data: bytes, layout: LayoutName, limits: ReadLimits) -> Document | Rejected:
    """Return a document: the main text of an HTML page, or a text as it is."""
    decoded = charset.decode(data, html=layout == "html")
    if layout != "html":
        text, stated = (
            _without_front_matter(clean(decoded.text)) if layout == "markdown" else (clean(decoded.text), None)
        )
        if not text:
            return _empty(origin, key, data)
        return Document(text, origin, key, title=stated, encoding=decoded.encoding, replaced=decoded.replaced)
    if len(data) > limits.max_html_bytes:
        detail = f"the page is larger than ingest.max_html_bytes = {limits.max_html_bytes:,}"
        return Rejected(origin, key, len(data), "record_too_large", detail)
    page = extract_within(decoded.text, None, limits.extractor_name, limits.page_comments, limits.page_seconds)
    if isinstance(page, GivenUp):
        return Rejected(origin, key, len(data), page.reason, page.detail)
    if not page.text:
        return _empty(origin, key, data)
    day = publication_date(decoded.text)  # a file has no date of a crawl
    return Document(
        page.text,
        origin,
        key,
        title=page.title,
        metadata={"date": day} if day else {},
        html_bytes=len(data),
        link_text_frac=page.link_text_frac,
        encoding=decoded.encoding,
        replaced=decoded.replaced,
    )


def make_book(origin: str, key: str, data: bytes, layout: LayoutName, _limits: ReadLimits) -> Document | Rejected:
    """Return a book: its whole text, without the header and the licence of Project Gutenberg."""
    title = None
    if layout == "html":
        decoded = charset.decode(data, html=True)
        tree = parse_markup(decoded.text)
        if tree is None:
            return Rejected(origin, key, len(data), "bad_html", "nothing in it can be parsed as HTML")
        text, title = whole_text(tree), title_of(tree)
    else:
        decoded = charset.decode(data, gutenberg.declared_encoding(data[:_HEAD_BYTES]))
        text = decoded.text
        if layout == "markdown":
            text, title = _without_front_matter(clean(text))
    found = gutenberg.strip_gutenberg(clean(text))
    book = clean(found.text)
    if not book:
        return _empty(origin, key, data)
    return Document(
        book,
        origin,
        key,
        None,
        found.title or (clean(title) if title else None),
        found.metadata,
        encoding=decoded.encoding,
        replaced=decoded.replaced,
    )


def _without_front_matter(text: str) -> tuple[str, str | None]:
    """Return a text in Markdown without the settings before it, and the title among them."""
    found = _FRONT_MATTER.match(text)
    settings = (found["yaml"] or found["toml"] or "") if found is not None else ""
    if found is None or not settings.strip():
        return text, None
    stated = _TITLE_SETTING.search(settings)
    title = clean(stated["title"]).strip().strip("\"'") if stated is not None else ""
    return clean(text[found.end() :]), title or None


def _empty(origin: str, key: str, data: bytes) -> Rejected:
    return Rejected(origin, key, len(data), "empty", f"no text is in its {len(data):,} bytes")
