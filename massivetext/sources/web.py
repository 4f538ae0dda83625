"""Read the pages of web crawls (WARC, WET and ARC files) as text."""

import itertools
import re
from collections.abc import Iterable, Iterator

import msgspec

from massivetext.extract.watchdog import GivenUp, extract_within
from massivetext.schema import Document, Rejected
from massivetext.sources import http
from massivetext.sources.documents.any_documents import read_stream
from massivetext.sources.documents.layouts import Layout, find_layout
from massivetext.sources.misplaced_files import find_misplaced, read_unless_misplaced
from massivetext.sources.page_screens import PAGE_SCREEN, SCREENED, leave_out, mark_sample
from massivetext.sources.source_formats import ReadLimits, ReadOptions
from massivetext.sources.splits import Split
from massivetext.sources.streams import charset
from massivetext.sources.streams.compressed import PlainStream, open_stream
from massivetext.sources.warc import LostBytes, WarcRecord, holds_records, read_warc_records
from massivetext.sources.warc_digests import WRONG_DIGEST, wrong_digest
from massivetext.sources.warc_slices import find_slice
from massivetext.sources.whole_files import make_page
from massivetext.text import clean

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_MAY_HOLD_PAGES = frozenset({"html", "archive", "refused"})
_PAGES = frozenset({"response", "resource", "conversion", "continuation"})
_KNOWN = _PAGES | {"request", "warcinfo", "metadata", "revisit"}
_LOOKS_LIKE_HTML = re.compile(
    rb"[\s\xef\xbb\xbf]*(?>(?:(?><!--.*?-->)\s*)*)<(?:!doctype\s+html|html|head|body|title)\b", re.I | re.S
)
_STATES = (200, 203)  # of a response with the page itself; 203: a proxy has changed it
# Records of wget, Browsertrix and others about the crawl, which they call resources.
_ABOUT_CRAWL = re.compile(r"<?(?:metadata:|urn:(?:text|pageinfo|thumbnail|view|fullpage)(?:-[a-z]+)?:)", re.IGNORECASE)
_SEARCHED_BYTES = 1 << 21  # of a file that begins like a page, for records
_HEADERS_BYTES = 1 << 16  # room for the HTTP headers of the largest page


def read_pages(split: Split, options: ReadOptions, limits: ReadLimits) -> Iterator[Document | Rejected]:
    """Yield the pages of a crawl file, or those of an HTML file or an archive of them.

    A response or resource with status 200 and a text is a document; so is a ``conversion`` record (WET). A page without
    text is skipped. Requests, revisits, metadata and warcinfo are ignored, and what tools keep of the crawl itself;
    records of WAT files are told. The document key is the offset of the record (of its gzip member).

    Raises:
        FileNotFoundError: the file was deleted.
    """
    with open_stream(split.path) as stream:
        if stream.peek(4).startswith((b"WARC", b"file")) or not _holds_pages(split, stream):
            other = find_misplaced(split.name, stream, "warc")
            yield from read_unless_misplaced(split, other, _crawl_pages(split, stream, limits))
            return

        def read_member(inner: Split, member: PlainStream, layout: Layout) -> Iterator[Document | Rejected] | None:
            """Return the pages of a crawl in the archive (WACZ), and of other files only that they are no pages."""
            if layout.name == "warc":
                return _crawl_pages(inner, member, limits)
            return None if layout.name in _MAY_HOLD_PAGES else _no_page(inner)

        yield from read_stream(split, stream, options, limits, make_page, own=read_member)


def _crawl_pages(split: Split, stream: PlainStream, limits: ReadLimits) -> Iterator[Document | Rejected]:
    found = find_slice(stream, split.slice_index, split.slice_count)
    if found is not None:  # the slice reads its own bytes alone
        if found.start == found.stop:
            return
        stream.begin_at(found.start)
        whole = msgspec.structs.replace(split, slice_index=0, slice_count=1)
        records = itertools.takewhile(lambda record: found.has(record.document_key), _records(stream, limits))
        yield from _pages_of(whole, records, limits)
        return
    yield from _pages_of(split, _records(stream, limits), limits)


def _records(stream: PlainStream, limits: ReadLimits) -> Iterator[WarcRecord | LostBytes]:
    return read_warc_records(stream, limits.max_html_bytes + _HEADERS_BYTES)


def _pages_of(
    split: Split, records: Iterable[WarcRecord | LostBytes], limits: ReadLimits
) -> Iterator[Document | Rejected]:
    ordinal = -1
    for record in records:
        if isinstance(record, LostBytes):
            if split.slice_index == 0:
                yield Rejected(split.name, record.document_key, record.length, record.reason, record.detail)
            continue
        if record.kind == "resource" and _ABOUT_CRAWL.match(record.headers.get("warc-target-uri", "")):
            continue
        if record.kind in _PAGES or record.kind not in _KNOWN or _is_wat(record):
            ordinal += 1
            if ordinal % split.slice_count == split.slice_index:
                yield _page(split.name, record, limits)


def _is_wat(record: WarcRecord) -> bool:
    """Return whether a record is JSON about another one, as in WAT files."""
    return (
        record.kind == "metadata" and http.media_type(record.headers.get("content-type", ""))[0] == "application/json"
    )


def _no_page(split: Split) -> Iterator[Rejected]:
    if split.slice_index == 0:
        yield Rejected(split.name, "0", split.size, "not_html", f"{split.name}: is no page", skipped=True)


def _holds_pages(split: Split, stream: PlainStream) -> bool:
    """Return whether a file is an HTML page, or an archive, which may hold pages.

    A crawl whose first record lacks its beginning may begin like a page.
    """
    layout = find_layout(split.name, stream, "").name
    return layout == "archive" or (layout == "html" and not holds_records(stream.peek(_SEARCHED_BYTES)))


def _page(origin: str, record: WarcRecord, limits: ReadLimits) -> Document | Rejected:
    url = _url(record)
    if _is_wat(record):
        detail = "a record of a WAT file describes a page in JSON and does not hold its text; its WARC or WET file does"
        return Rejected(origin, record.document_key, record.length, "wat_record", detail, url, skipped=True)
    if record.kind not in ("response", "resource", "conversion"):
        detail = f"a record of type '{record.kind}' holds no whole page"
        return Rejected(origin, record.document_key, record.length, f"{record.kind}_record", detail, url, skipped=True)
    content_type, declared = http.media_type(record.headers.get("content-type", ""))
    if record.kind == "response" and (content_type == "application/http" or record.block.startswith(b"HTTP/")):
        return _response(origin, record, url, limits)
    plain = http.Response(200, content_type, declared, {}, record.block)
    return _text(origin, record, url, plain, limits)


def _url(record: WarcRecord) -> str | None:
    # Examples in the WARC 1.0 standard, and therefore wget, put the URL in angle brackets.
    return record.headers.get("warc-target-uri", "").strip().strip("<>") or None


def _response(origin: str, record: WarcRecord, url: str | None, limits: ReadLimits) -> Document | Rejected:
    response = http.parse_response(record.block)
    if response.status is None and _LOOKS_LIKE_HTML.match(record.block[:4096]):  # as in HTTP/0.9
        response = http.Response(200, "", None, {}, record.block)
    if response.status is None:
        detail = f"no HTTP status line in {record.block[:60]!r}"
        return Rejected(origin, record.document_key, record.length, "bad_http", detail, url)
    if response.status not in _STATES:
        detail = f"HTTP status {response.status}; only 200 has the page itself"
        return Rejected(
            origin, record.document_key, record.length, f"status_{response.status}", detail, url, skipped=True
        )
    return _text(origin, record, url, response, limits)


def _text(
    origin: str, record: WarcRecord, url: str | None, response: http.Response, limits: ReadLimits
) -> Document | Rejected:
    kind = response.content_type or http.media_type(record.headers.get("arc-content-type", ""))[0]
    if kind and kind not in HTML_TYPES and kind != "text/plain":
        detail = f"content type '{kind}' is neither HTML nor plain text"
        return Rejected(origin, record.document_key, record.length, "not_html", detail, url, skipped=True)
    screen = PAGE_SCREEN.get()
    screened = screen.judge_url(url, origin, record.document_key) if screen else None
    if screened and not screened.is_sample:
        return leave_out(screened, origin, record.document_key, record.length, url)
    try:
        body, damage = http.decode_body(response, limits.max_html_bytes)
    except http.UndecodableError as error:
        return Rejected(origin, record.document_key, record.length, "bad_encoding", str(error), url)
    if not kind and not _LOOKS_LIKE_HTML.match(body[:4096]):
        detail = f"no content type, and {body[:40]!r} does not begin like HTML"
        return Rejected(origin, record.document_key, record.length, "not_html", detail, url, skipped=True)
    if len(body) > limits.max_html_bytes or record.length > len(record.block):
        detail = f"the page is larger than ingest.max_html_bytes = {limits.max_html_bytes:,}"
        return Rejected(origin, record.document_key, record.length, "record_too_large", detail, url)
    metadata = _metadata(record, kind) | ({"body_damage": damage} if damage else {})
    if limits.checks_digests:
        metadata |= _wrong_digest(record, response)
    bare = Document("", origin, record.document_key, url, None, metadata)
    plain = response._replace(content_type=kind, body=body)
    made = _filled(mark_sample(bare, screened), record.length, plain, limits)
    if isinstance(made, Document) and not made.text:
        detail = f"no text is in its {len(body):,} bytes"
        return Rejected(origin, record.document_key, record.length, "empty", detail, url, skipped=True)
    return made


def _filled(bare: Document, length: int, plain: http.Response, limits: ReadLimits) -> Document | Rejected:
    """Return a document with the text of a response whose body is decoded; rejected if it is not extracted."""
    is_html = plain.content_type != "text/plain"
    decoded = charset.decode(plain.body, plain.charset, html=is_html)
    made = bare._replace(encoding=decoded.encoding, replaced=decoded.replaced)
    if other := http.describe_other_file(plain.body, decoded.text, html=is_html):
        detail = f"the body is called '{plain.content_type or 'HTML'}' and {other}"
        return Rejected(bare.origin, bare.key, length, "not_html", detail, bare.url, skipped=True)
    if not is_html:
        return made._replace(text=clean(decoded.text))
    screen = PAGE_SCREEN.get()
    if screen and SCREENED not in bare.metadata and (found := screen.judge_html(decoded.text, bare.origin, bare.key)):
        if not found.is_sample:
            return leave_out(found, bare.origin, bare.key, length, bare.url)
        made = mark_sample(made, found)
    page = extract_within(decoded.text, bare.url, limits.extractor_name, limits.page_comments, limits.page_seconds)
    if isinstance(page, GivenUp):
        return Rejected(bare.origin, bare.key, length, page.reason, page.detail, bare.url)
    return made._replace(
        text=page.text, title=page.title, html_bytes=len(plain.body), link_text_frac=page.link_text_frac
    )


def _wrong_digest(record: WarcRecord, response: http.Response) -> dict[str, str]:
    wrong = wrong_digest(record, response)
    return {WRONG_DIGEST: wrong} if wrong else {}


def _metadata(record: WarcRecord, content_type: str) -> dict[str, str]:
    found = {
        "date": record.headers.get("warc-date", ""),
        "content_type": content_type,
        "truncated": record.headers.get("warc-truncated", ""),
    }
    return {name: value for name, value in found.items() if value}
