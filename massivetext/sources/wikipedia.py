"""Read the articles of a MediaWiki XML dump as plain text."""

import re
import urllib.parse
from collections.abc import Iterator

from massivetext.schema import Document, Rejected
from massivetext.sources import jsonl, wikitext
from massivetext.sources.compressed import open_stream
from massivetext.sources.mediawiki import BrokenXMLError, Dump, DumpPage
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.text import clean

# MediaWiki itself saves no page above 2 MiB ($wgMaxArticleSize); parsing costs about one second per MiB.
_LONGEST_PAGE = 4 * 2**20
_REDIRECT = re.compile(r"\s*#\s*redirect\b", re.IGNORECASE)
_URL_SAFE = "/:@!$'()*,;~-._"


def read_articles(split: Split, _options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the articles of a dump: namespace 0 without redirects.

    The document key is the page's id, or its ordinal if it has no id.

    Raises:
        FileNotFoundError: the file was deleted.
    """
    longest = min(limits.max_record_bytes, _LONGEST_PAGE)
    dump = Dump(longest)
    seen: set[str] = set()
    with open_stream(split.path) as stream:
        try:
            for page in dump.pages(stream):
                document_key = page.fields.get("id", "").strip() or f"ordinal-{page.ordinal}"
                if document_key in seen:  # a dump that was made of several dumps
                    document_key = f"{document_key}#{page.ordinal}"
                seen.add(document_key)
                if page.ordinal % split.slice_count == split.slice_index:
                    yield _article(split.name, document_key, page, dump, longest)
        except BrokenXMLError as error:
            if split.slice_index == 0:
                lost = None if stream.compression else max(stream.size - error.offset, 0)
                detail = f"the XML is broken at byte {error.offset:,} of the plain dump, {error}; the rest is lost"
                yield Rejected(split.name, str(error.offset), lost, "broken_xml", detail)
        yield from jsonl.damage(split, stream)


def _article(origin: str, document_key: str, page: DumpPage, dump: Dump, longest: int) -> Document | Rejected:
    fields = page.fields
    title = clean(fields.get("title", "")) or None
    url = _url(dump.base, title)

    def rejected(reason: str, detail: str, *, skipped: bool = False) -> Rejected:
        return Rejected(origin, document_key, page.characters, reason, detail, url, skipped)

    if fields.get("namespace", "0").strip() != "0":
        return rejected("namespace", f"'{title}' lies in namespace {fields['namespace'].strip()}", skipped=True)
    markup = fields.get("text")
    if markup is None:
        return rejected("no_text", f"page '{title}' has no text element")
    if page.redirect or _REDIRECT.match(markup):
        return rejected("redirect", f"'{title}' leads to another page", skipped=True)
    if fields.get("model", "wikitext").strip() != "wikitext":
        return rejected("not_wikitext", f"'{title}' is {fields['model'].strip()}", skipped=True)
    if page.characters > longest:
        return rejected(
            "record_too_large", f"'{title}' has {page.characters:,} characters; at most {longest:,} are read"
        )
    try:
        text = wikitext.to_text(title, markup, wikitext.LINK_NAMESPACES | dump.link_namespaces)
    except wikitext.WikitextError as error:
        return rejected("bad_wikitext", f"'{title}': {error}")
    metadata = {"date": date} if (date := clean(fields.get("date", ""))) else {}
    return Document(text, origin, document_key, url, title, metadata)


def _url(base: str, title: str | None) -> str | None:
    folder, slash, _ = base.rpartition("/")
    if not slash or title is None:
        return None
    return f"{folder}/{urllib.parse.quote(title.replace(' ', '_'), safe=_URL_SAFE)}"
