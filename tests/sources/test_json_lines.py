import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected

ReadFile = Callable[..., tuple[list[Document], list[Rejected]]]


def test_fields_of_an_object(tmp_path: Path, read_file: ReadFile) -> None:
    record = {
        "id": 7,
        "text": " Text\r\n  indented \n",
        "url": "http://a.example/b",
        "title": "T",
        "score": 0.5,
        "ok": True,
        "nothing": None,
        "empty": "",
        "tags": ["not", "a", "scalar"],
        "meta": {"lang": "la", "deeper": {"too": "deep"}},
        "long": "x" * 1001,
        "fits": "x" * 1000,
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(record))
    documents, rejected = read_file("news", tmp_path / "a.jsonl")

    assert rejected == []
    (document,) = documents
    assert document.text == "Text\n  indented"
    assert (document.origin, document.key, document.url, document.title) == ("a.jsonl", "0", "http://a.example/b", "T")
    assert dict(document.metadata) == {"id": "7", "score": "0.5", "ok": "true", "meta.lang": "la", "fits": "x" * 1000}


def test_the_key_is_the_ordinal_of_the_line_blank_lines_counted(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a").write_bytes(b'\xef\xbb\xbf{"text": "a"}\n\n  \n{"text": "b"}')
    documents, rejected = read_file("c4", tmp_path / "a")

    assert [(document.key, document.text) for document in documents] == [("0", "a"), ("3", "b")]
    assert rejected == []


def test_bytes_that_are_not_utf8_are_replaced_and_counted(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.jsonl").write_bytes(
        b'{"text": "b"}\n' * 2 + '{"text": "Müller, Köln, Füße, §5'.encode() + b'\xff"}\n'
    )
    documents, rejected = read_file("news", tmp_path / "a.jsonl")

    assert rejected == []
    assert (documents[2].text, documents[2].replaced) == ("Müller, Köln, Füße, §5\ufffd", 1)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp1252", "utf-8-sig"])
def test_lines_in_other_encodings(tmp_path: Path, read_file: ReadFile, encoding: str) -> None:
    text = "Die Vögel fliegen über das Straßenpflaster"
    lines = "".join(json.dumps({"text": f"{number} {text}"}, ensure_ascii=False) + "\n" for number in range(3000))
    (tmp_path / "a.jsonl").write_bytes(lines.encode(encoding))
    documents, rejected = read_file("news", tmp_path / "a.jsonl")

    assert rejected == []
    assert [document.text for document in documents] == [f"{number} {text}" for number in range(3000)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "a"', "bad_json"),
        (b'{"text": "a"} x', "bad_json"),
        (b'["text"]', "bad_json"),
        (b'"text"', "bad_json"),
        (b'{"text": ' + b"[" * 100_000, "bad_json"),
        (b'{"text": 5}', "no_text"),
        (b'{"text": null}', "no_text"),
        (b'{"body": "a"}', "no_text"),
    ],
)
def test_a_bad_line_is_rejected_and_the_others_stay(
    tmp_path: Path, read_file: ReadFile, line: bytes, reason: str
) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "before"}\n' + line + b'\n{"text": "after"}\n')
    documents, rejected = read_file("news", tmp_path / "a.jsonl")

    assert [document.text for document in documents] == ["before", "after"]
    assert [(r.origin, r.offset, r.length, r.reason, r.skipped) for r in rejected] == [
        ("a.jsonl", "1", len(line) + 1, reason, False)
    ]


def test_what_python_writes_and_json_lacks_is_read(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a\\ud800b", "score": NaN}\n')
    documents, _ = read_file("news", tmp_path / "a.jsonl")

    assert documents[0].text == "ab"  # a lone surrogate is no text
    assert dict(documents[0].metadata) == {"score": "nan"}


def test_another_field_can_be_the_text(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.jsonl").write_text('{"body": "b", "text": "t"}')
    documents, _ = read_file("news", tmp_path / "a.jsonl", text_field="body")

    assert documents[0].text == "b"
    assert dict(documents[0].metadata) == {"text": "t"}


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, read_file: ReadFile) -> None:
    long = json.dumps({"text": "x" * 1000})
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n' + long + '\n{"text": "b"}\n')
    limits = IngestOptions(max_record_bytes=len(long) - 1)
    documents, rejected = read_file("news", tmp_path / "a.jsonl", limits=limits)

    assert [document.text for document in documents] == ["a", "b"]
    assert [(r.offset, r.length, r.reason) for r in rejected] == [("1", len(long) + 1, "record_too_large")]
    assert read_file("news", tmp_path / "a.jsonl", limits=IngestOptions(max_record_bytes=len(long)))[1] == []


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0), bz2.compress(b"")])
def test_an_empty_file_is_told_once(tmp_path: Path, read_file: ReadFile, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    for kind in ("web", "books", "news", "code", "wikipedia", "c4"):
        documents, rejected = read_file(kind, tmp_path / "a")

        assert documents == []
        assert [r.reason for r in rejected] == ["empty_file"]


def test_the_parts_of_a_file_are_the_file(tmp_path: Path, read_file: ReadFile) -> None:
    lines = [b'{"text": "%d"}' % number if number % 5 else b"bad" for number in range(23)]
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"\n".join(lines))[:-3])  # and its end is missing
    whole = read_file("news", tmp_path / "a.gz")
    slices = [read_file("news", tmp_path / "a.gz", slice_index=index, slice_count=3) for index in range(3)]

    assert sorted(d for piece in slices for d in piece[0]) == sorted(whole[0])
    assert sorted(r for piece in slices for r in piece[1]) == sorted(whole[1])
    assert [int(d.key) % 3 for d in slices[1][0]] == [1] * len(slices[1][0])


def test_a_truncated_file_keeps_its_whole_lines_and_tells_the_rest(tmp_path: Path, read_file: ReadFile) -> None:
    whole = gzip.compress(b"".join(b'{"text": "%d %d"}\n' % (n, n * 7919 % 10007) for n in range(5000)), mtime=0)
    (tmp_path / "a.gz").write_bytes(whole[: len(whole) // 2])
    documents, rejected = read_file("news", tmp_path / "a.gz")

    assert 1000 < len(documents) < 4999
    assert [d.text for d in documents] == [f"{n} {n * 7919 % 10007}" for n in range(len(documents))]
    assert [(r.reason, r.offset) for r in rejected] == [("truncated", str(len(whole) // 2))]
    assert "gzip" in rejected[0].detail


def test_lone_surrogates_are_removed_and_counted(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.jsonl").write_bytes(rb'{"text": "a\ud800b", "tags": {"x": ["\udc00"]}}' + b"\n")
    documents, _ = read_file("news", tmp_path / "a.jsonl")

    assert (documents[0].text, documents[0].replaced) == ("ab", 2)


def test_a_stream_that_ends_too_early_loses_what_should_follow(tmp_path: Path, read_file: ReadFile) -> None:
    whole = gzip.compress(b'{"text": "a"}\n')
    (tmp_path / "a.jsonl.gz").write_bytes(whole[:-8])
    _, rejected = read_file("news", tmp_path / "a.jsonl.gz")

    assert (
        "what should follow is lost" in rejected[0].detail or f"{rejected[0].length:,} bytes are" in rejected[0].detail
    )
    assert " 0 bytes" not in rejected[0].detail
