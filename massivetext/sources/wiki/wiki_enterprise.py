"""Read the HTML dumps of Wikimedia Enterprise: one JSON object per line and page, often in a tar archive."""

import tarfile
from collections.abc import Iterator

import msgspec

from massivetext.schema import Document, Rejected
from massivetext.sources.documents import jsonl
from massivetext.sources.misplaced_files import find_misplaced
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.sources.streams.archives import ArchiveError, tar_contents
from massivetext.sources.streams.bounded_lines import BoundedLine, buffer_lines, read_lines
from massivetext.sources.streams.compressed import PlainStream, open_stream
from massivetext.sources.wiki import wikitext
from massivetext.sources.wiki.wiki_html import html_to_text
from massivetext.sources.wiki.wiki_languages import wiki_language
from massivetext.text import clean

_TAR_MAGIC, _TAR_OFFSET = b"ustar", 257


class _Named(msgspec.Struct):
    identifier: int | str = ""


class _Body(msgspec.Struct):
    html: str = ""
    wikitext: str = ""


class EnterprisePage(msgspec.Struct):
    """Fields of a line that are used; see https://enterprise.wikimedia.com/docs/data-dictionary/."""

    name: str = ""
    identifier: int | str = ""
    url: str | None = None
    date_modified: str | None = None
    namespace: _Named = msgspec.field(default_factory=_Named)
    in_language: _Named = msgspec.field(default_factory=_Named)
    article_body: _Body = msgspec.field(default_factory=_Body)


def read_enterprise_articles(split: Split, _options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the articles of an Enterprise HTML dump: pages of namespace 0.

    The document key is the ordinal of the line, from 0, over all files of an archive.

    Raises:
        FileNotFoundError: the file was deleted.
    """
    with open_stream(split.path) as stream:
        other = find_misplaced(split.name, stream, "wiki-enterprise")
        if other is not None:  # no line of JSON begins it
            if split.slice_index == 0:
                yield other.rejected(split)
            return
        ordinal = -1
        try:
            for line in _lines(stream, limits.max_record_bytes):
                ordinal += 1
                if ordinal % split.slice_count != split.slice_index or (stream.damage and not line.ended):
                    continue
                if line.data is None or line.data.strip():
                    yield _page(split.name, str(ordinal), line, limits.max_record_bytes)
        except (ArchiveError, tarfile.TarError) as error:
            if split.slice_index == 0 and stream.damage is None:
                yield Rejected(split.name, str(ordinal + 1), None, "bad_archive", f"tar: {error}; the rest is lost")
        yield from jsonl.damage(split, stream)


def _lines(stream: PlainStream, longest: int) -> Iterator[BoundedLine]:
    if stream.peek(_TAR_OFFSET + len(_TAR_MAGIC))[_TAR_OFFSET:] != _TAR_MAGIC:
        yield from read_lines(buffer_lines(stream), longest)
        return
    for content in tar_contents(stream):
        yield from read_lines(content, longest)


def _page(origin: str, document_key: str, line: BoundedLine, longest: int) -> Document | Rejected:
    if line.data is None:
        detail = f"the line has {line.length:,} bytes; ingest.max_record_bytes is {longest:,}"
        return Rejected(origin, document_key, line.length, "record_too_large", detail)
    try:
        page = msgspec.json.decode(line.data, type=EnterprisePage)
    except (ValueError, RecursionError) as error:
        return Rejected(origin, document_key, line.length, "bad_json", f"want a page of an Enterprise dump: {error}")
    title = clean(page.name) or None
    if str(page.namespace.identifier or 0) != "0":
        detail = f"'{title}' lies in namespace {page.namespace.identifier}"
        return Rejected(origin, document_key, line.length, "namespace", detail, page.url, skipped=True)
    wiki = wiki_language(str(page.in_language.identifier).lower())
    body = page.article_body
    if not body.html and not body.wikitext:
        return Rejected(origin, document_key, line.length, "no_text", f"page '{title}' has no article_body", page.url)
    try:
        text = html_to_text(title, body.html, wiki) if body.html else wikitext.to_text(title, body.wikitext, wiki)
    except ValueError as error:
        return Rejected(origin, document_key, line.length, "bad_html", f"'{title}': {error}", page.url)
    if not text:
        detail = f"no text is in the article of '{title}'"
        return Rejected(origin, document_key, line.length, "empty", detail, page.url, skipped=True)
    metadata = {"date": clean(page.date_modified)} if page.date_modified else {}
    if page.identifier != "":
        metadata["page_id"] = str(page.identifier)
    return Document(
        text, origin, document_key, page.url, title, metadata, len(body.html.encode("utf-8", "replace")) or None
    )
