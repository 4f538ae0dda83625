"""Files that are text by their bytes and yet no prose; crawls and other files in the archives of a web source."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]
PAGE = b"<!DOCTYPE html><html><body><p>A page with enough words to be kept as the main text of it.</p></body></html>"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.txt", '<TEI xmlns="http://www.tei-c.org/ns/1.0"><text>A word</text></TEI>', "XML"),
        ("a", '<svg width="1"><path d="M0"/></svg>', "XML"),
        ("a", "<!DOCTYPE sst>\n<sst><si>a</si></sst>\n", "XML"),
        ("a.xml", '<doc sitename="E"><main><p>A word</p></main></doc>', "XML"),
        ("a.mhtml", "From: <Saved by Blink>\nMIME-Version: 1.0\n", "save it as HTML"),
        ("a.eml", "From: a\nTo: b\n\nHello", "an e-mail"),
        ("a.css", "p { color: red }", "code of a web page"),
        ("a.js.gz", "let a = 1", "code of a web page"),
        ("a.yaml", "a: 1", "settings"),
    ],
)
def test_what_is_no_prose_is_refused(tmp_path: Path, read_file: ReadFile, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    documents, (rejected,) = read_file("documents", tmp_path / name)

    assert (documents, rejected.reason) == ([], "not_text")
    assert words in rejected.detail


@pytest.mark.parametrize(
    "text", ["<p>A line</p>", "<unk> is a token.", "<think>Well</think> Yes.", "<3 and more", "a <b>c</b>"]
)
def test_prose_with_marks_is_prose(tmp_path: Path, read_file: ReadFile, text: str) -> None:
    (tmp_path / "a.txt").write_text(text)

    assert [each.text for each in read_file("documents", tmp_path / "a.txt")[0]] == [text]


def warc_of_pages(count: int) -> bytes:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
    head = "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/{}\r\nContent-Type: application/http\r\n"
    records = [head.format(number) + f"Content-Length: {len(body)}\r\n\r\n" for number in range(count)]
    return b"".join(gzip.compress(each.encode() + body + b"\r\n\r\n") for each in records)


def test_of_an_archive_of_a_web_source_only_pages_and_crawls_count(tmp_path: Path, read_file: ReadFile) -> None:
    with zipfile.ZipFile(tmp_path / "a.wacz", "w") as archive:
        archive.writestr("archive/data.warc.gz", warc_of_pages(3))
        archive.writestr("index.html", PAGE)
        archive.writestr("pages/pages.jsonl", '{"text": "of an index"}\n')
        archive.writestr("robots.txt", "Disallow: /\n")
    documents, rejected = read_file("web", tmp_path / "a.wacz")

    assert [each.url for each in documents] == ["http://a/0", "http://a/1", "http://a/2", None]
    assert documents[0].key.startswith("archive/data.warc.gz:")
    assert [(each.offset, each.reason, each.skipped) for each in rejected] == [
        ("pages/pages.jsonl", "not_html", True),
        ("robots.txt", "not_html", True),
    ]
    halves = [read_file("web", tmp_path / "a.wacz", slice_index=index, slice_count=2)[0] for index in (0, 1)]
    assert sorted(each.key for half in halves for each in half) == sorted(each.key for each in documents)
