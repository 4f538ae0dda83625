"""Tell what a file of documents is by its first bytes, and by its name where bytes cannot tell."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from massivetext.sources.streams import archives
from massivetext.sources.streams.charset import decode_text
from massivetext.sources.streams.compressed import PlainStream
from massivetext.sources.streams.wide_encodings import wide_encoding

LayoutName = Literal[
    "parquet",
    "arrow",
    "json_lines",
    "json",
    "csv",
    "doc_elements",
    "html",
    "markdown",
    "text",
    "epub",
    "archive",
    "warc",
    "refused",
]
HEAD_BYTES = 1 << 16
ARROW_FILE_MAGIC = b"ARROW1"
ARROW_STREAM_MAGIC = b"\xff\xff\xff\xff"  # of an encapsulated message; its length follows
_COMPRESSED = re.compile(r"\.(?:gz|gzip|bz2|xz|zst|zstd|lz4)$")
_BY_NAME: dict[str, LayoutName] = {
    **dict.fromkeys(("jsonl", "ndjson", "jl", "json", "geojson"), "json_lines"),
    **dict.fromkeys(("csv", "tsv", "tab"), "csv"),
    **dict.fromkeys(("html", "htm", "xhtml"), "html"),
    **dict.fromkeys(("md", "markdown", "mdown"), "markdown"),
}
_HTML = re.compile(
    rb"[\s\xef\xbb\xbf]*(?>(?:(?><!--.*?-->|<\?xml.*?\?>)\s*)*)<(?:!doctype\s+html|html|head|body|title)\b", re.I | re.S
)
_JSON_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*(?:\"|\}|$)")
_JSON_ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*(?:\{\s*[\"}]|\]\s*$|\"[^\"]*\"\s*[,\]]|$)")
_EPUB = b"mimetypeapplication/epub+zip"
_EPUB_CONTAINER = "META-INF/container.xml"
_STATED_DELIMITER = re.compile(r"\"?sep=([,;|\t])\"?")  # first line of a table for Excel
_DELIMITERS = ",\t;|"
_CSV_LINES = 30
_LONGEST_NAME = 60  # characters of the name of a column
_NOT_TEXT: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF; convert it to text first"),
    (b"%!PS", "PostScript; convert it to text first"),
    (b"{\\rtf", "RTF; convert it to text first"),
    (b"\xd0\xcf\x11\xe0", "an old Office file; convert it to text first"),
    (b"SQLite format 3\x00", "a database; export its texts to CSV or JSON lines first"),
    (b"\x93NUMPY", "a NumPy array; token ids and numbers are no documents, give the texts they were made of"),
    (
        b"ZIM\x04",
        "a ZIM file of Kiwix; take the dump pages-articles.xml.bz2 of the wiki instead, with kind = 'wikipedia'",
    ),
    (b"FEA1", "Feather of version 1; write it as Parquet first"),
    (b"version https://git-lfs.github.com/spec/", "a pointer of Git LFS; fetch the file itself with 'git lfs pull'"),
    (b"AT&TFORM", "a DjVu book; convert it to text first"),
    *(
        (magic, "an image, not text; leave it out of inputs")
        for magic in (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF87a", b"GIF89a")
    ),
    *(
        (magic, f"{name}, which is not read; unpack it, or pack its content with gzip or zstd")
        for magic, name in (
            (b"\xff\x06\x00\x00sNaPpY", "a file in Snappy"),
            (b"\x89LZO\x00\r\n", "a file in LZO"),
            (b"LZIP", "a file in lzip"),
            (b"\x1f\x9d", "a file of the program compress"),
            (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
            (b"Rar!\x1a\x07", "a RAR archive"),
        )
    ),
)
_KINDLE = b"BOOKMOBI"  # at byte 60
_OFFICE_MEMBERS = (
    ("word/document.xml", "a Word document; convert it to text first"),
    ("xl/workbook.xml", "an Excel workbook; save its sheets as CSV first"),
    ("xl/workbook.bin", "an Excel workbook; save its sheets as CSV first"),
    ("ppt/presentation.xml", "a PowerPoint presentation; convert it to text first"),
)
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
# Names of files whose bytes are no text: with text in them, they are something else, such as a server's error page.
_NOT_TEXT_BY_NAME = frozenset(
    (
        *("parquet", "pq", "arrow", "feather", "epub", "mobi", "azw3", "zip", "tar", "tgz", "7z", "rar"),
        *("pdf", "doc", "docx", "odt", "xls", "xlsx", "ods", "ppt", "pptx", "jpg", "jpeg", "png", "gif", "webp", "mp3"),
    )
)
# Text that comes with dumps and crawls, and holds no documents.
_BESIDE: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (
        re.compile(
            rb"(?:/\*[^\n]*\n)?(?:--[ \t\r]*\n)?"
            rb"-- (?:MySQL dump|MariaDB dump|PostgreSQL database dump|phpMyAdmin SQL Dump)"
        ),
        "tables of a database as SQL; export the texts to CSV or JSON lines; of a wiki, take pages-articles.xml.bz2",
    ),
    (
        re.compile(rb"(\d{3,}):\d+:[^\n]+\n\1:\d+:[^\n]"),
        "the index of a multistream dump; take pages-articles-multistream.xml.bz2 itself, with kind = 'wikipedia'",
    ),
    (
        re.compile(rb"page_title\r?\n|page_namespace\tpage_title\r?\n"),
        "the titles of a wiki; take its dump pages-articles.xml.bz2, with kind = 'wikipedia'",
    ),
    (
        re.compile(rb" CDX [A-Za-z](?: [A-Za-z])+\r?\n|!?[^\s{}()]{1,1000}\)[^\s{}]{0,4000} \d{14} \{\""),
        "the index of a crawl; take the WARC files that it names, with kind = 'web'",
    ),
)
_ENTERPRISE = (b'"article_body":', b'"identifier":')
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CHARACTERS_PER_CONTROL = 50  # fewer, and a file with a zero byte is binary
_WIKI = re.compile(rb"\s*(?:<\?xml.*?\?>\s*)?<mediawiki\b", re.S)
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?>(?:(?><!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>)\s*)*)"
    rb"<(?P<name>[A-Za-z_][\w.:-]*)(?P<attributes>(?:\s[^<>]*)?)>",
    re.S,
)
_TAG = re.compile(rb"<[/A-Za-z]")
_BYTES_PER_TAG = 200  # fewer in the beginning of a long file, and it is XML
# A text that begins with one of these is left as it is.
_HTML_ELEMENTS = frozenset(
    (
        *(b"p", b"div", b"span", b"a", b"b", b"i", b"em", b"strong", b"br", b"hr", b"img", b"ul", b"ol", b"li", b"dl"),
        *(b"h1", b"h2", b"h3", b"h4", b"h5", b"h6", b"table", b"tr", b"td", b"pre", b"code", b"blockquote", b"center"),
        *(b"article", b"section", b"main", b"header", b"footer", b"nav", b"aside", b"figure", b"font", b"form", b"u"),
        *(
            b"script",
            b"style",
            b"meta",
            b"link",
            b"html",
            b"head",
            b"body",
            b"title",
            b"details",
            b"summary",
            b"iframe",
        ),
    )
)
_SETTINGS = "settings or data, not prose; leave it out of inputs"
_MAIL = "an e-mail or a calendar; convert it to text first"
# Text by its bytes, and yet no prose.
_NOT_PROSE: dict[str, str] = {
    **dict.fromkeys(
        ("css", "js", "mjs", "map"), "code of a web page; leave it out of inputs, or give the source kind = 'code'"
    ),
    **dict.fromkeys(("yaml", "yml", "toml", "ini", "lock"), _SETTINGS),
    **dict.fromkeys(("eml", "mbox", "ics", "vcf"), _MAIL),
    **dict.fromkeys(("mhtml", "mht"), "a saved web page in MIME; save it as HTML or WARC instead"),
    **dict.fromkeys(
        ("svg", "xml", "xsl", "xslt", "xsd", "rels"),
        "XML, which may hold anything; convert it to JSON lines or text first",
    ),
}
# As WikiExtractor writes articles.
DOC_ELEMENT = re.compile(
    rb"<doc id=\"(?P<id>[^\"\n]*)\"(?: url=\"(?P<url>[^\n]*?)\")?(?: title=\"(?P<title>[^\n]*)\")?>\s*"
)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b")


class CsvDialect(NamedTuple):
    """How the cells of a table of text are separated, and how they are quoted.

    Attributes:
        delimiter: the character between cells.
        quoted: whether cells may be in quotation marks.
        escaped: whether quotation marks within such cells have a backslash, as Spark and MySQL write them, and are not
            doubled.
    """

    delimiter: str
    quoted: bool
    escaped: bool = False

    def read_rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Return the rows of lines, each with its line end."""
        if self.escaped:
            return csv.reader(lines, delimiter=self.delimiter, escapechar="\\", doublequote=False)
        if self.quoted:
            return csv.reader(lines, delimiter=self.delimiter)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)


class Layout(NamedTuple):
    """What a file is.

    Attributes:
        name: "refused" for what holds no documents.
        detail: why a file is refused, as the end of a sentence that begins with "got".
        dialect: of a table of text.
        is_certain: of a refused file: whether its first bytes tell what it is.
        reader: format of a source that reads a refused file; "" if none does.
    """

    name: LayoutName
    detail: str = ""
    dialect: CsvDialect = CsvDialect(",", quoted=True)
    is_certain: bool = False
    reader: str = ""


def find_layout(file_name: str, stream: PlainStream, text_path: str) -> Layout:
    """Return what a file that was just opened is; the stream stays at its beginning.

    Args:
        file_name: its name or path.
        stream: its plain bytes.
        text_path: the field that holds the text: a table of text that has such a column is known by it.
    """
    head = stream.peek(HEAD_BYTES)
    ending = _COMPRESSED.sub("", file_name.lower()).rpartition(".")[2]
    if (found := _binary_layout(stream, head, ending)) is not None:
        return found
    wide = wide_encoding(head)
    if not (wide or "").startswith("utf-") and _is_binary(head[:1024]):
        return Layout("refused", f"{head[:16]!r}, which is not text")
    sample = decode_text(head) if wide else ""
    data = sample.encode("utf-8", "replace") if wide else head
    return _as_named(_text_layout(ending, data, text_path), ending)


def _as_named(found: Layout, ending: str) -> Layout:
    """Return the layout of a file of text; "refused" for running text and pages whose name is that of other bytes.

    A server that cannot send a file often sends a page or a line of text in its place.
    """
    is_page_for_records = found.name == "html" and _BY_NAME.get(ending) == "json_lines"
    if is_page_for_records or (found.name in ("html", "text") and ending in _NOT_TEXT_BY_NAME):
        what = "an HTML page" if found.name == "html" else "text"
        detail = f"{what} in a file that is .{ending} by its name, as after a failed download; fetch it again"
        return Layout("refused", f"{detail}, or rename it if it is what you want")
    return found


def _is_binary(head: bytes) -> bool:
    """Return whether bytes are no text: a page or a table with a stray zero byte is one."""
    return b"\x00" in head and _CHARACTERS_PER_CONTROL * len(_CONTROLS.findall(head)) > len(head)


def _binary_layout(stream: PlainStream, head: bytes, ending: str) -> Layout | None:
    if head.startswith(b"PAR1"):
        return Layout("parquet")
    if head.startswith((ARROW_FILE_MAGIC, ARROW_STREAM_MAGIC)):
        return Layout("arrow")
    if head.startswith(b"PK\x03\x04") and _is_epub(stream, head, ending):
        return Layout("epub")
    if archives.is_archive(stream) or head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        office = _office_document(stream, head)
        return Layout("refused", office, is_certain=True) if office else Layout("archive")
    if head.startswith(b"WARC/"):
        return Layout("warc", "a web crawl; give the source kind = 'web', or format = 'warc'", reader="warc")
    return layout_by_magic(head)


def layout_by_magic(head: bytes) -> Layout | None:
    """Return the layout of bytes that are known to be no text; None for others."""
    for magic, detail in _NOT_TEXT:
        if head.startswith(magic):
            return Layout("refused", detail, is_certain=True)
    if head[60:68] == _KINDLE:
        return Layout("refused", "a Kindle book; convert it to EPUB first", is_certain=True)
    return None


def _office_document(stream: PlainStream, head: bytes) -> str | None:
    """Return what the document of an office program is that a zip file holds; None for other archives."""
    if not head.startswith(b"PK"):
        return None
    if _OPEN_DOCUMENT in head[:200]:
        return "a document of LibreOffice; convert it to text or CSV first"
    if stream.compression is not None:
        return None
    return next((detail for name, detail in _OFFICE_MEMBERS if archives.has_zip_member(stream, name)), None)


def _is_epub(stream: PlainStream, head: bytes, ending: str) -> bool:
    """Return whether a zip file is a book, also if it was packed again: then ``mimetype`` may be anywhere in it."""
    if _EPUB in head[:200] or ending == "epub":
        return True
    return stream.compression is None and archives.has_zip_member(stream, _EPUB_CONTAINER)


def _text_layout(ending: str, data: bytes, text_path: str) -> Layout:
    named = _BY_NAME.get(ending)
    if named == "csv":
        return Layout("csv", dialect=_find_dialect(data, text_path, "\t" if ending in ("tsv", "tab") else None))
    found = _markup_layout(data, is_page=named == "html") or _layout_beside(data, text_path)
    if found is not None:
        return found
    if named == "json_lines" or _JSON_OBJECT.match(data) or _JSON_ARRAY.match(data):
        return Layout(_json_layout(data))
    if ending in _NOT_PROSE:
        return Layout("refused", _NOT_PROSE[ending])
    if named is None and (dialect := _table_dialect(data, text_path)) is not None:
        return Layout("csv", dialect=dialect)
    return Layout(named or "text")


def _markup_layout(data: bytes, *, is_page: bool) -> Layout | None:
    """Return the layout of HTML and XML; None for what is neither. ``is_page``: whether its name is that of a page."""
    if DOC_ELEMENT.match(data.removeprefix(b"\xef\xbb\xbf").lstrip()):
        return Layout("doc_elements")
    if _WIKI.match(data):
        detail = "a MediaWiki dump; give the source kind = 'wikipedia', or format = 'mediawiki'"
        return Layout("refused", detail, is_certain=True, reader="mediawiki")
    if is_page or _HTML.match(data):
        return Layout("html")
    if _XML.match(data) or _is_bare_xml(data):
        return Layout("refused", "XML, which may hold anything; convert it to JSON lines or text first")
    return None


def _layout_beside(data: bytes, text_path: str) -> Layout | None:
    """Return the layout of text that comes with dumps and crawls; None for other text."""
    bare = data.removeprefix(b"\xef\xbb\xbf")
    for pattern, detail in _BESIDE:
        if pattern.match(bare):
            return Layout("refused", detail, is_certain=True)
    field = text_path.partition(".")[0].encode()
    if _JSON_OBJECT.match(data) and all(name in data for name in _ENTERPRISE) and b'"%s":' % field not in data:
        detail = "an HTML dump of Wikimedia Enterprise; give the source kind = 'wikipedia', format = 'wiki-enterprise'"
        return Layout("refused", detail, is_certain=True, reader="wiki-enterprise")
    return None


def _is_bare_xml(data: bytes) -> bool:
    """Return whether a text is XML without a declaration: one element that is not one of HTML holds all of it."""
    root = _ROOT.match(data)
    if root is None or root["name"].lower() in _HTML_ELEMENTS:
        return False
    if b"xmlns" in root["attributes"] or b"<!DOCTYPE" in root[0]:
        return True
    if len(data) < HEAD_BYTES:
        return data.rstrip().endswith((b"</%s>" % root["name"], b"/>"))
    return _BYTES_PER_TAG * len(_TAG.findall(data)) > len(data)


def _json_layout(data: bytes) -> LayoutName:
    """Return "json" for an array or for objects over several lines, "json_lines" for one object per line."""
    if _JSON_ARRAY.match(data):
        return "json"
    lines = [line for line in data.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()][:2]
    if lines and _are_joined(lines[0]):
        return "json"
    if len(lines) < 2 or not lines[0].lstrip().startswith(b"{"):
        return "json_lines"
    try:
        json.loads(lines[0].decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return "json_lines" if lines[1].lstrip().startswith(b"{") else "json"
    return "json_lines"


def _are_joined(line: bytes) -> bool:
    """Return whether a line begins with two objects."""
    text = line.decode("utf-8", "replace").strip()
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return text[end:].lstrip().startswith("{")


# -- tables of text ----------------------------------------------------------------------------------------------------


def _find_dialect(data: bytes, text_path: str, delimiter: str | None) -> CsvDialect:
    """Return the dialect of a file that is a table by its name."""
    lines = _first_lines(data)
    if not lines:
        return CsvDialect(delimiter or ",", quoted=True)
    if (stated := _STATED_DELIMITER.fullmatch(lines[0])) is not None:
        lines = lines[1:] or [""]
        delimiter = str(stated[1])
    if delimiter is None or (delimiter not in lines[0] and text_path != lines[0]):
        with_text = [each for each in _DELIMITERS if text_path in _cells(lines[0], each)]
        delimiter = (with_text or sorted(_DELIMITERS, key=lambda each: -lines[0].count(each)))[0]
    quoted = delimiter != "\t" or not _is_even(lines, delimiter, quoted=False)
    return CsvDialect(delimiter, quoted, escaped=quoted and _has_escaped_quotes(lines, delimiter))


def _has_escaped_quotes(lines: list[str], delimiter: str) -> bool:
    """Return whether quotation marks within cells have backslashes, and none are doubled.

    A backslash that ends a cell, as of a path of Windows, is none: the cell ends behind its quotation mark.
    """
    text = "\n".join(lines)
    cell = re.escape(delimiter)
    within = re.search(rf"(?:^|{cell})\"(?:[^\"\\]|\\.)*\\\"(?!\s*(?:{cell}|\n|\Z))", text, re.MULTILINE)
    doubled = re.search(rf"(?<![{cell}\n\"\\])\"\"(?!\")", text)
    return within is not None and doubled is None


def _table_dialect(data: bytes, text_path: str) -> CsvDialect | None:
    """Return the dialect of a file without a telling name if its lines are those of a table; None for running text."""
    lines = _first_lines(data)
    for delimiter in _DELIMITERS if len(lines) > 1 else "":
        names = _cells(lines[0], delimiter)
        least = 2 if delimiter == "\t" or text_path in names else 3
        is_header = len(names) >= least and len(set(names)) == len(names) and all(map(_is_name, names))
        if is_header and (text_path in names or (len(lines) > 2 and _is_even(lines, delimiter, quoted=True))):
            return CsvDialect(delimiter, quoted=delimiter != "\t" or not _is_even(lines, delimiter, quoted=False))
    return None


def _is_name(cell: str) -> bool:
    return 0 < len(cell) <= _LONGEST_NAME and not cell.endswith((".", "!", "?"))


def is_sentence(cell: str) -> bool:
    """Return whether a cell of the first row of a table is so much text that it names no column."""
    return len(cell) > _LONGEST_NAME or (cell.endswith((".", "!", "?", "。")) and " " in cell)


def _is_even(lines: list[str], delimiter: str, *, quoted: bool) -> bool:
    """Return whether all rows have as many cells as the first."""
    dialect = CsvDialect(delimiter, quoted)
    try:
        rows = [row for row in dialect.read_rows(lines) if row]
    except csv.Error:
        return False
    return len({len(row) for row in rows}) == 1


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _first_lines(data: bytes) -> list[str]:
    """Return the first whole lines, without blank ones."""
    whole = data if len(data) < HEAD_BYTES else data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1]
    return [line for line in decode_text(whole).splitlines() if line.strip()][:_CSV_LINES]
