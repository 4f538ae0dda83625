"""A file under the wrong kind of source is refused with one message: what it is, and what to do."""

import bz2
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

WARC = b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n"
DUMP = (
    b'<mediawiki xml:lang="en"><page><title>A</title><ns>0</ns><id>1</id><revision><text>A text of a page.</text>'
    b"</revision></page></mediawiki>"
)
PAGE = {"name": "A", "identifier": 1, "article_body": {"html": "<p>A text of a page.</p>"}}
ENTERPRISE = json.dumps(PAGE).encode() + b"\n"
JSON_LINES = b'{"text": "A text of a record."}\n' * 3
SQL = b"-- MySQL dump 10.16  Distrib 10.1.45\n--\n-- Host: x\nDROP TABLE IF EXISTS `page`;\n"
INDEX = b"597:10:AccessibleComputing\n597:12:Anarchism\n597:13:AfghanistanHistory\n"
ZIM = b"ZIM\x04" + bytes(76)
CDXJ = b'com,a)/x 20240101000000 {"url": "http://a.com/x", "status": "200"}\n'
PROSE = b"It was a dark night, and a text of a book began.\n"


def parquet() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({"text": ["A text of a row."]}), target)
    return target.getvalue()


def archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as opened:
        opened.writestr("a/b.txt", PROSE)
    return target.getvalue()


# File, its bytes, what the message says it is, and what is to be done.
FILES = {
    "a.jsonl": (JSON_LINES, "JSON lines", "kind = 'documents'"),
    "a.jsonl.gz": (gzip.compress(JSON_LINES), "JSON lines", "kind = 'documents'"),
    "a.json": (b'[{"text": "A text of a record."}]', "JSON", "kind = 'documents'"),
    "a.csv": (b"text,url\nA text,b\nAnother,c\n", "a table", "kind = 'documents'"),
    "a.parquet": (parquet(), "Parquet", "kind = 'documents'"),
    "a.zip": (archive(), "a zip or tar archive", "unpack it"),
    "a.txt": (PROSE, "text", "kind = 'documents'"),
    "a.html": (b"<html><body><p>A text of a page.</p></body></html>", "an HTML page", "kind = 'web'"),
    "a.pdf": (b"%PDF-1.4\n", "a PDF", "convert it"),
    "a.sql.gz": (gzip.compress(SQL), "tables of a database as SQL", "pages-articles.xml.bz2"),
    "a.lzo": (b"\x89LZO\x00\r\n" + bytes(40), "a file in LZO", "pack its content with gzip or zstd"),
    "a.Z": (b"\x1f\x9d\x90" + bytes(range(40)), "a file of the program compress", "unpack it"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(40), "a 7-Zip archive", "unpack it"),
    "a.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(40), "a RAR archive", "unpack it"),
    "a.zim": (ZIM, "a ZIM file", "pages-articles.xml.bz2"),
    "a-multistream-index.txt.bz2": (bz2.compress(INDEX), "the index of a multistream dump", "multistream.xml.bz2"),
    "a-all-titles.gz": (gzip.compress(b"page_title\n!\n!!\n"), "the titles of a wiki", "pages-articles.xml.bz2"),
    "a.warc": (WARC, "a web crawl", "kind = 'web'"),
    "a.cdxj": (CDXJ, "the index of a crawl", "kind = 'web'"),
    "a.xml": (DUMP, "a MediaWiki dump", "kind = 'wikipedia'"),
    "a.xml.bz2": (bz2.compress(DUMP), "a MediaWiki dump", "kind = 'wikipedia'"),
    "a.ndjson": (ENTERPRISE, "an HTML dump of Wikimedia Enterprise", "format = 'wiki-enterprise'"),
}
TEXTS = {"a.jsonl", "a.jsonl.gz", "a.json", "a.csv", "a.parquet", "a.zip", "a.txt", "a.html"}
READS = {
    ("wikipedia", None): {"a.xml", "a.xml.bz2"},
    ("wikipedia", "wiki-enterprise"): {"a.ndjson"},
    ("web", None): {"a.warc", "a.html", "a.zip"},
    ("code", None): {"a.jsonl", "a.jsonl.gz", "a.ndjson", "a.parquet", "a.zip"},
    ("documents", None): TEXTS,
    ("books", None): TEXTS,
}
MISTAKES = [(kind, name) for kind, read in READS.items() for name in FILES if name not in read]


def options(kind: tuple[str, str | None]) -> dict[str, object]:
    return {} if kind[1] is None else {"format": kind[1]}


@pytest.mark.parametrize(("kind", "name"), MISTAKES)
def test_a_mistake_is_named_with_the_remedy(
    tmp_path: Path, read_file: ReadFile, kind: tuple[str, str | None], name: str
) -> None:
    data, what, remedy = FILES[name]
    (tmp_path / name).write_bytes(data)
    documents, rejected = read_file(kind[0], tmp_path / name, **options(kind))

    assert documents == []
    assert [(each.reason, each.skipped) for each in rejected] == [
        ("not_text" if kind[0] in ("documents", "books") else "wrong_format", False)
    ]
    assert f"got {what}" in rejected[0].detail
    assert remedy in rejected[0].detail
    assert read_file(kind[0], tmp_path / name, slice_index=1, slice_count=2, **options(kind)) == ([], [])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("wikipedia", b"the end of a page without its beginning</text></revision></page>" + DUMP),
        ("wikipedia", b"a,b\nc,d\n" * 20_000 + DUMP),  # no tag in the first 64 KiB
        ("web", b"some bytes before\n" * 5000 + WARC.replace(b"warcinfo", b"response") * 2),
    ],
)
def test_what_begins_like_text_is_read_to_its_end(tmp_path: Path, read_file: ReadFile, kind: str, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    documents, rejected = read_file(kind, tmp_path / "a")

    assert "wrong_format" not in [each.reason for each in rejected]
    assert len(documents) + len(rejected) >= 2


def test_a_field_of_an_enterprise_dump_can_be_the_text(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.ndjson").write_bytes(ENTERPRISE)
    documents, _ = read_file("documents", tmp_path / "a.ndjson", text_field="article_body.html")

    assert [each.text for each in documents] == ["<p>A text of a page.</p>"]


@pytest.mark.parametrize("text", ["12:30:Lunch\n13:00:Talk\n", "-- a dash\nand prose", "Titles of pages\n!\n"])
def test_prose_that_resembles_them_is_read(tmp_path: Path, read_file: ReadFile, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)

    assert [each.text for each in read_file("documents", tmp_path / "a.txt")[0]] == [text.strip()]
