"""Web crawls: WARC, WET and ARC files -> pages as text."""

import re
from collections.abc import Iterator

from massivetext.extract import extract
from massivetext.recipe import IngestOptions, SourceOptions
from massivetext.schema import Document, Rejected
from massivetext.sources import charset, http
from massivetext.sources.compressed import open_stream
from massivetext.sources.splits import Split
from massivetext.sources.warc import Lost, Record, records
from massivetext.text import clean

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_PAGES = frozenset({"response", "resource", "conversion", "continuation"})
_KNOWN = _PAGES | {"request", "warcinfo", "metadata", "revisit"}
_LOOKS_LIKE_HTML = re.compile(
    rb"[\s\xef\xbb\xbf]*(?>(?:(?><!--.*?-->)\s*)*)<(?:!doctype\s+html|html|head|body|title)\b", re.I | re.S
)
_HEADERS_BYTES = 1 << 16  # room for HTTP headers beside the largest page


def read(split: Split, _options: SourceOptions, limits: IngestOptions) -> Iterator[Document | Rejected]:
    """The pages of a crawl file.

    A response or resource with status 200 and a text is a document; so is a ``conversion`` record (WET). Requests,
    revisits, metadata and warcinfo give nothing. The key of a page is the offset of its record (of its gzip member).

    Raises:
        FileNotFoundError: the file has gone.
    """
    ordinal = -1
    with open_stream(split.path) as stream:
        for item in records(stream, limits.max_html_bytes + _HEADERS_BYTES):
            if isinstance(item, Lost):
                if split.part == 0:
                    yield Rejected(split.name, item.key, item.length, item.reason, item.detail)
                continue
            if item.kind in _PAGES or item.kind not in _KNOWN:
                ordinal += 1
                if ordinal % split.parts == split.part:
                    yield _page(split.name, item, limits)


def _page(origin: str, record: Record, limits: IngestOptions) -> Document | Rejected:
    url = _url(record)
    if record.kind not in ("response", "resource", "conversion"):
        detail = f"a record of type '{record.kind}' holds no whole page"
        return Rejected(origin, record.key, record.length, f"{record.kind}_record", detail, url, skipped=True)
    content_type, declared = http.media_type(record.headers.get("content-type", ""))
    if record.kind == "response" and content_type == "application/http":
        return _response(origin, record, url, limits)
    plain = http.Response(200, content_type, declared, {}, record.block)
    return _text(origin, record, url, plain, limits)


def _url(record: Record) -> str | None:
    # WARC 1.0 examples, and so wget, put the address in angle brackets.
    return record.headers.get("warc-target-uri", "").strip().strip("<>") or None


def _response(origin: str, record: Record, url: str | None, limits: IngestOptions) -> Document | Rejected:
    response = http.parse(record.block)
    if response.status is None:
        detail = f"no HTTP status line in {record.block[:60]!r}"
        return Rejected(origin, record.key, record.length, "bad_http", detail, url)
    if response.status != 200:
        detail = f"HTTP status {response.status}; only 200 has the page itself"
        return Rejected(origin, record.key, record.length, f"status_{response.status}", detail, url, skipped=True)
    return _text(origin, record, url, response, limits)


def _text(
    origin: str, record: Record, url: str | None, response: http.Response, limits: IngestOptions
) -> Document | Rejected:
    kind = response.content_type or record.headers.get("arc-content-type", "").lower()
    if kind and kind not in HTML_TYPES and kind != "text/plain":
        detail = f"content type '{kind}' is neither HTML nor plain text"
        return Rejected(origin, record.key, record.length, "not_html", detail, url, skipped=True)
    try:
        body = http.decode_body(response, limits.max_html_bytes)
    except http.UndecodableError as error:
        return Rejected(origin, record.key, record.length, "bad_encoding", str(error), url)
    if not kind and not _LOOKS_LIKE_HTML.match(body[:4096]):
        detail = f"no content type, and {body[:40]!r} does not begin like HTML"
        return Rejected(origin, record.key, record.length, "not_html", detail, url, skipped=True)
    if len(body) > limits.max_html_bytes or record.length > len(record.block):
        detail = f"the page is larger than ingest.max_html_bytes = {limits.max_html_bytes:,}"
        return Rejected(origin, record.key, record.length, "record_too_large", detail, url)
    metadata = _metadata(record, kind)
    if kind == "text/plain":
        text = charset.decode(body, response.charset)
        return Document(clean(text), origin, record.key, url, None, metadata)
    page = extract(charset.decode(body, response.charset, html=True), url)
    return Document(page.text, origin, record.key, url, page.title, metadata, len(body), page.link_text_frac)


def _metadata(record: Record, content_type: str) -> dict[str, str]:
    found = {
        "date": record.headers.get("warc-date", ""),
        "content_type": content_type,
        "truncated": record.headers.get("warc-truncated", ""),
    }
    return {name: value for name, value in found.items() if value}
