"""Tell what a file of documents is by its first bytes, and by its name where bytes cannot tell."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from massivetext.sources.documents.arrow_rows import FILE_MAGIC, STREAM_MAGIC
from massivetext.sources.streams import archives
from massivetext.sources.streams.charset import decode_text, wide_encoding
from massivetext.sources.streams.compressed import PlainStream

LayoutName = Literal[
    "parquet", "arrow", "json_lines", "json", "csv", "html", "markdown", "text", "epub", "archive", "refused"
]
HEAD_BYTES = 1 << 16
_COMPRESSED = re.compile(r"\.(?:gz|gzip|bz2|xz|zst|zstd)$")
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
_DELIMITERS = ",\t;|"
_CSV_LINES = 30
_LONGEST_NAME = 60  # characters of the name of a column
_NOT_TEXT: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF; convert it to text first"),
    (b"%!PS", "PostScript; convert it to text first"),
    (b"{\\rtf", "RTF; convert it to text first"),
    (b"WARC/", "a web crawl; give the source kind = 'web', or format = 'warc'"),
    (b"\xd0\xcf\x11\xe0", "an old Office file; convert it to text first"),
    (b"SQLite format 3\x00", "a database; export its texts to CSV or JSON lines first"),
    (b"\x93NUMPY", "a NumPy array; token ids and numbers are no documents, give the texts they were made of"),
    (b"FEA1", "Feather of version 1; write it as Parquet first"),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CHARACTERS_PER_CONTROL = 50  # fewer, and a file with a zero byte is binary
_WIKI = re.compile(rb"\s*(?:<\?xml.*?\?>\s*)?<mediawiki\b", re.S)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b")


class CsvDialect(NamedTuple):
    """How the cells of a table of text are separated, and whether they may be in quotation marks."""

    delimiter: str
    quoted: bool

    def read_rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Return the rows of lines, each with its line end."""
        if self.quoted:
            return csv.reader(lines, delimiter=self.delimiter)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE)


class Layout(NamedTuple):
    """What a file is.

    Attributes:
        name: "refused" for what holds no documents.
        detail: why a file is refused, as the end of a sentence that begins with "got".
        dialect: of a table of text.
    """

    name: LayoutName
    detail: str = ""
    dialect: CsvDialect = CsvDialect(",", quoted=True)


def find_layout(file_name: str, stream: PlainStream, text_path: str) -> Layout:
    """Return what a file that was just opened is; the stream stays at its beginning.

    Args:
        file_name: its name or path.
        stream: its plain bytes.
        text_path: the field that holds the text: a table of text that has such a column is known by it.
    """
    head = stream.peek(HEAD_BYTES)
    if (found := _binary_layout(stream, head)) is not None:
        return found
    wide = wide_encoding(head)
    if not (wide or "").startswith("utf-") and _is_binary(head[:1024]):
        return Layout("refused", f"{head[:16]!r}, which is not text")
    sample = decode_text(head) if wide else ""
    data = sample.encode("utf-8", "replace") if wide else head
    ending = _COMPRESSED.sub("", file_name.lower()).rpartition(".")[2]
    return _text_layout(ending, data, text_path)


def _is_binary(head: bytes) -> bool:
    """Return whether bytes are no text: a page or a table with a stray zero byte is one."""
    return b"\x00" in head and _CHARACTERS_PER_CONTROL * len(_CONTROLS.findall(head)) > len(head)


def _binary_layout(stream: PlainStream, head: bytes) -> Layout | None:
    if head.startswith(b"PAR1"):
        return Layout("parquet")
    if head.startswith((FILE_MAGIC, STREAM_MAGIC)):
        return Layout("arrow")
    if head.startswith(b"PK\x03\x04") and _EPUB in head[:200]:
        return Layout("epub")
    if archives.is_archive(stream) or head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Layout("archive")
    for magic, detail in _NOT_TEXT:
        if head.startswith(magic):
            return Layout("refused", detail)
    return None


def _text_layout(ending: str, data: bytes, text_path: str) -> Layout:
    named = _BY_NAME.get(ending)
    if named == "csv":
        return Layout("csv", dialect=_find_dialect(data, text_path, "\t" if ending in ("tsv", "tab") else None))
    if _WIKI.match(data):
        return Layout("refused", "a MediaWiki dump; give the source kind = 'wikipedia', or format = 'mediawiki'")
    if named == "html" or _HTML.match(data):
        return Layout("html")
    if _XML.match(data):
        return Layout("refused", "XML, which may hold anything; convert it to JSON lines or text first")
    if named == "json_lines" or _JSON_OBJECT.match(data) or _JSON_ARRAY.match(data):
        return Layout(_json_layout(data))
    if named is None and (dialect := _table_dialect(data, text_path)) is not None:
        return Layout("csv", dialect=dialect)
    return Layout(named or "text")


def _json_layout(data: bytes) -> LayoutName:
    """Return "json" for an array or for objects over several lines, "json_lines" for one object per line."""
    if _JSON_ARRAY.match(data):
        return "json"
    lines = [line for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()][:2]
    if len(lines) < 2 or not lines[0].lstrip().startswith(b"{"):
        return "json_lines"
    try:
        json.loads(lines[0].decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return "json_lines" if lines[1].lstrip().startswith(b"{") else "json"
    return "json_lines"


# -- tables of text ----------------------------------------------------------------------------------------------------


def _find_dialect(data: bytes, text_path: str, delimiter: str | None) -> CsvDialect:
    """Return the dialect of a file that is a table by its name."""
    lines = _first_lines(data)
    if not lines:
        return CsvDialect(delimiter or ",", quoted=True)
    if delimiter is None:
        with_text = [each for each in _DELIMITERS if text_path in _cells(lines[0], each)]
        delimiter = (with_text or sorted(_DELIMITERS, key=lambda each: -lines[0].count(each)))[0]
    return CsvDialect(delimiter, quoted=delimiter != "\t" or not _is_even(lines, delimiter, quoted=False))


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
    whole = data if len(data) < HEAD_BYTES else data[: data.rfind(b"\n") + 1]
    return [line for line in decode_text(whole).splitlines() if line.strip()][:_CSV_LINES]
