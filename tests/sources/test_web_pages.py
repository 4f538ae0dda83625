import gzip
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.extract import extract
from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]

SENTENCE = "The river rises in the hills and runs to the sea, and the people of the valley live with it. "
HTML = f"<html><head><title>River</title></head><body><article><p>{SENTENCE * 4}</p></article></body></html>".encode()
HTML_TYPE = "Content-Type: text/html"


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


def warc(
    block: bytes, kind: str = "response", content_type: str = "application/http; msgtype=response", number: int = 0
) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: <http://a.example/{number}>\r\n"
        f"WARC-Date: 2024-01-01T00:00:00Z\r\nContent-Type: {content_type}\r\nContent-Length: {len(block)}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def test_a_page_becomes_a_document(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.warc").write_bytes(warc(http(HTML, HTML_TYPE)))
    documents, rejected = read_file("web", tmp_path / "a.warc")

    assert rejected == []
    assert documents == [
        Document(
            text=(SENTENCE * 4).strip(),
            origin="a.warc",
            key="0",
            url="http://a.example/0",
            title="River",
            metadata={"date": "2024-01-01T00:00:00Z", "content_type": "text/html"},
            html_bytes=len(HTML),
            link_text_frac=0.0,
            encoding="utf-8",
        )
    ]


def test_records_that_are_no_pages_give_nothing(tmp_path: Path, read_file: ReadFile) -> None:
    kinds = ("warcinfo", "request", "metadata", "revisit")
    (tmp_path / "a").write_bytes(b"".join(warc(http(HTML, HTML_TYPE), kind) for kind in kinds))

    assert read_file("web", tmp_path / "a") == ([], [])


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (warc(http(b"", HTML_TYPE, status="404 Not Found")), "status_404"),
        (warc(http(HTML, HTML_TYPE, status="206 Partial Content")), "status_206"),
        (warc(http(b"\x89PNG", "Content-Type: image/png")), "not_html"),
        (warc(http(b"\x00\x01")), "not_html"),
        (warc(b"a record", "resource", "text/dns"), "not_html"),
        (warc(HTML, "continuation"), "continuation_record"),
        (warc(HTML, "novelty"), "novelty_record"),
        (warc(http(b"<html><body><img src='a.png'></body></html>", HTML_TYPE)), "empty"),
        (warc(http(b"", HTML_TYPE)), "empty"),
        (warc(http(b" \r\n", "Content-Type: text/plain")), "empty"),
        (warc(b"", "conversion", "text/plain"), "empty"),
    ],
)
def test_sound_records_that_are_not_wanted_are_skipped(
    tmp_path: Path, read_file: ReadFile, record: bytes, reason: str
) -> None:
    (tmp_path / "a").write_bytes(record)
    documents, rejected = read_file("web", tmp_path / "a")

    assert documents == []
    assert [(r.reason, r.skipped, r.url, r.offset) for r in rejected] == [(reason, True, "http://a.example/0", "0")]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (warc(b"no http at all"), "bad_http"),
        (warc(http(b"\x89PNG\r\n\x1a\n", HTML_TYPE, "Content-Encoding: gzip")), "bad_encoding"),
    ],
)
def test_broken_pages_are_rejected(tmp_path: Path, read_file: ReadFile, record: bytes, reason: str) -> None:
    (tmp_path / "a").write_bytes(record)
    documents, rejected = read_file("web", tmp_path / "a")

    assert documents == []
    assert [(r.reason, r.skipped) for r in rejected] == [(reason, False)]


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (warc(http(HTML, "Content-Type: application/xhtml+xml")), (SENTENCE * 4).strip()),
        (warc(http(HTML)), (SENTENCE * 4).strip()),  # no type, but it begins like a page
        (warc(http(b"plain\r\n  text", "Content-Type: text/plain")), "plain\n  text"),
        (warc(b"text of a page", "conversion", "text/plain"), "text of a page"),
        (warc(HTML, "resource", "text/html"), (SENTENCE * 4).strip()),
        (warc(http(gzip.compress(HTML), HTML_TYPE, "Content-Encoding: gzip")), (SENTENCE * 4).strip()),
        (warc(http("<p>Stra\u00dfe</p>".encode("latin-1"), f"{HTML_TYPE}; charset=latin-1")), "Straße"),
        (warc(http('<meta charset="cp1251"><p>река</p>'.encode("cp1251"), HTML_TYPE)), "река"),
    ],
)
def test_every_kind_of_page_is_read(tmp_path: Path, read_file: ReadFile, record: bytes, text: str) -> None:
    (tmp_path / "a").write_bytes(record)
    documents, rejected = read_file("web", tmp_path / "a")

    assert [document.text for document in documents] == [text]
    assert rejected == []


@pytest.mark.parametrize("name", ["a.warc", "a.html"])
def test_the_extractor_that_the_recipe_names_is_used(tmp_path: Path, read_file: ReadFile, name: str) -> None:
    (tmp_path / name).write_bytes(HTML if name == "a.html" else warc(http(HTML, HTML_TYPE)))
    documents, rejected = read_file("web", tmp_path / name, IngestOptions(extractor="trafilatura"))
    page = extract(HTML.decode(), None if name == "a.html" else "http://a.example/0", "trafilatura")

    assert [(document.text, document.title) for document in documents] == [(page.text, page.title)]
    assert (SENTENCE * 4).strip() in page.text
    assert rejected == []


def test_a_page_that_is_too_large_is_rejected_wherever_its_size_shows(tmp_path: Path, read_file: ReadFile) -> None:
    limits = IngestOptions(max_html_bytes=len(HTML))
    large = HTML + b"x"
    much = HTML + b"<!--" + b"x" * 100_000 + b"-->"
    records = [
        http(HTML, HTML_TYPE),
        http(large, HTML_TYPE),
        http(gzip.compress(large), HTML_TYPE, "Content-Encoding: gzip"),
        http(much, HTML_TYPE),
    ]
    (tmp_path / "a").write_bytes(b"".join(warc(block, number=n) for n, block in enumerate(records)))
    documents, rejected = read_file("web", tmp_path / "a", limits=limits)

    assert [document.url for document in documents] == ["http://a.example/0"]
    assert [(r.url, r.reason) for r in rejected] == [(f"http://a.example/{n}", "record_too_large") for n in (1, 2, 3)]


def test_four_of_five_pages_survive_a_damaged_third_member(tmp_path: Path, read_file: ReadFile) -> None:
    members = [bytearray(gzip.compress(warc(http(HTML, HTML_TYPE), number=n), mtime=0)) for n in range(5)]
    middle = len(members[2]) // 2
    members[2][middle : middle + 8] = b"\x00" * 8
    (tmp_path / "a.warc.gz").write_bytes(b"".join(members))
    documents, rejected = read_file("web", tmp_path / "a.warc.gz")

    assert [document.url for document in documents] == [f"http://a.example/{n}" for n in (0, 1, 3, 4)]
    start = len(members[0]) + len(members[1])
    assert [(r.origin, r.offset, r.length, r.reason) for r in rejected] == [
        ("a.warc.gz", str(start), len(members[2]), "damaged")
    ]


def test_the_parts_of_a_crawl_file_share_its_pages_evenly(tmp_path: Path, read_file: ReadFile) -> None:
    # As in Common Crawl, a request before and a metadata record behind each page: slices count pages, not records.
    page = http(HTML, HTML_TYPE)
    records = [warc(page, kind, number=n) for n in range(9) for kind in ("request", "response", "metadata")]
    (tmp_path / "a").write_bytes(gzip.compress(b"".join(records) + b"garbage"))
    whole = read_file("web", tmp_path / "a")
    slices = [read_file("web", tmp_path / "a", slice_index=index, slice_count=3) for index in range(3)]

    assert [len(documents) for documents, _ in slices] == [3, 3, 3]
    assert sorted(d.key for documents, _ in slices for d in documents) == sorted(d.key for d in whole[0])
    assert [len(rejected) for _, rejected in slices] == [1, 0, 0]


def test_malformed_samples_of_fifteen_projects_are_survived(shared_data: Path, read_file: ReadFile) -> None:
    reasons: Counter[str] = Counter()
    documents: list[Document] = []
    files = sorted((shared_data / "web/samples").iterdir())
    for path in files:
        found, rejected = read_file("web", path)
        documents += found
        reasons.update(r.reason for r in rejected)
        assert len({document.key for document in found}) == len(found)

    assert len(files) == 253
    assert len(documents) == 450
    assert all(document.text for document in documents)
    assert reasons["empty"] == 16
    assert reasons["not_html"] == 223
    assert reasons["bad_record"] + reasons["truncated"] + reasons["damaged"] == 115
    assert reasons["wrong_format"] == 4  # a list of paths, a documentation, two without anything of a record
    assert sum(reasons.values()) == 501


def test_gold_pages_give_the_text_that_people_marked(shared_data: Path, read_file: ReadFile, tmp_path: Path) -> None:
    with gzip.open(shared_data / "web/gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        gold = {item["url"]: item["gold_text"] for item in map(json.loads, lines) if item["gold_text"]}
    with gzip.open(shared_data / "web/pages-01.warc.gz") as handle:
        pages = handle.read().split(b"WARC/1.0\r\n")[1:]
    urls = [re.search(rb"WARC-Target-URI: (\S+)", page) for page in pages]
    marked = [page for page, url in zip(pages, urls, strict=True) if url and url[1].decode() in gold][:40]
    (tmp_path / "a.warc").write_bytes(b"".join(b"WARC/1.0\r\n" + page for page in marked))
    documents, rejected = read_file("web", tmp_path / "a.warc")

    assert len(documents) == 40
    assert rejected == []
    # 0.90 on all 855 such pages
    assert sum(word_f1(document.text, gold[document.url]) for document in documents) / 40 > 0.85


def word_f1(found: str, wanted: str) -> float:
    """Harmonic mean of precision and recall over words with their counts, 0 to 1."""
    left, right = (Counter(re.findall(r"\w+", text)) for text in (found, wanted))
    return 2 * (left & right).total() / (left.total() + right.total())


def test_a_page_of_comments_without_a_type_is_told_at_once(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a").write_bytes(warc(http(b"<!-- -->" * 500)) + warc(http(b"<!-- a --> <!-- b -->" + HTML)))
    documents, rejected = read_file("web", tmp_path / "a")

    assert [len(documents), [r.reason for r in rejected]] == [1, ["not_html"]]


def test_a_crawl_that_begins_within_a_page_is_a_crawl_and_a_page_about_records_a_page(
    tmp_path: Path, read_file: ReadFile
) -> None:
    records = [warc(http(HTML, HTML_TYPE), number=number) for number in range(3)]
    (tmp_path / "a").write_bytes(HTML + b"\r\n\r\n" + records[1] + records[2])
    documents, rejected = read_file("web", tmp_path / "a")
    assert [document.url for document in documents] == [f"http://a.example/{number}" for number in (1, 2)]
    assert [loss.reason for loss in rejected] == ["bad_record"]

    record = b"<pre>WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 12\r\n\r\n...\r\n\r\n</pre>"
    (tmp_path / "b").write_bytes(HTML.replace(b"<body>", b"<body>" + record * 3))
    documents, rejected = read_file("web", tmp_path / "b")
    assert len(documents) == 1
    assert rejected == []


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (HTML, "Content-Type: application/http"),  # HTTP/0.9
        (http(HTML, HTML_TYPE), ""),
        (http(HTML, HTML_TYPE, status="203 Non-Authoritative Information"), "Content-Type: application/http"),
        (http(HTML, "Content-Type: html"), "Content-Type: application/http"),
        (http(HTML, HTML_TYPE), "Content-Type: application/http\r\nWARC-JSON-Metadata: " + "x" * 300_000),
    ],
)
def test_pages_with_odd_heads_are_read(content: bytes, fields: str, tmp_path: Path, read_file: ReadFile) -> None:
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/\r\n{fields}".rstrip()
    record = f"{head}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content + b"\r\n\r\n"
    (tmp_path / "a.warc").write_bytes(record + record)
    documents, rejected = read_file("web", tmp_path / "a.warc")

    assert [[SENTENCE.strip() in d.text for d in documents], rejected] == [[True, True], []]


@pytest.mark.parametrize("url", ["metadata://gnu.org/software/wget/warc/wget.log", "<urn:pageinfo:http://a/>"])
def test_what_tools_keep_of_a_crawl_is_no_page(url: str, tmp_path: Path, read_file: ReadFile) -> None:
    head = f"WARC/1.0\r\nWARC-Type: resource\r\nWARC-Target-URI: {url}\r\nContent-Type: text/plain\r\n"
    (tmp_path / "a.warc").write_bytes(f"{head}Content-Length: 3\r\n\r\nlog\r\n\r\n".encode())

    assert read_file("web", tmp_path / "a.warc") == ([], [])


def test_a_file_that_a_server_calls_a_page_is_told(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.warc").write_bytes(warc(http(b"%PDF-1.4 1 0 obj", HTML_TYPE)) + warc(http(HTML, HTML_TYPE)))
    documents, rejected = read_file("web", tmp_path / "a.warc")

    assert [len(documents), [(r.reason, r.skipped) for r in rejected]] == [1, [("not_html", True)]]
