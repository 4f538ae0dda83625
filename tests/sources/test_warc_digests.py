"""The digests that WARC records carry, and records of WAT files."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from builders import read_file

from massivetext.recipe import IngestOptions
from massivetext.schema import Document, Rejected

SENTENCE = "The river rises in the hills and runs down to the sea, and the people of the valley live by it."
BODY = f"<html><head><title>T</title></head><body><p>{SENTENCE}</p></body></html>".encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
CHECKED = IngestOptions(check_digests=True)


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def record(block: bytes, *fields: str, kind: str = "response", of: str = "application/http; msgtype=response") -> bytes:
    lines = [
        "WARC/1.0", f"WARC-Type: {kind}", "WARC-Target-URI: http://a.example/", f"Content-Type: {of}", *fields,
        f"Content-Length: {len(block)}",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def marks(tmp_path: Path, data: bytes, limits: IngestOptions = CHECKED) -> list[str | None]:
    (tmp_path / "a.warc").write_bytes(data)
    items = read_file("web", tmp_path / "a.warc", limits)
    assert all(isinstance(item, Document) and SENTENCE in item.text for item in items)
    return [item.metadata.get("wrong_digest") for item in items if isinstance(item, Document)]


@pytest.mark.parametrize(
    ("fields", "mark"),
    [
        ((), None),
        ((f"WARC-Block-Digest: {sha1(HEAD + BODY)}", f"WARC-Payload-Digest: {sha1(BODY)}"), None),
        ((f"WARC-Block-Digest: {sha1(HEAD + BODY).lower()}",), None),
        ((f"WARC-Block-Digest: SHA-256:{hashlib.sha256(HEAD + BODY).hexdigest()}",), None),
        ((f"WARC-Payload-Digest: md5:{hashlib.md5(BODY).hexdigest().upper()}",), None),
        ((f"WARC-Block-Digest: {sha1(BODY)}",), "warc-block-digest"),
        ((f"WARC-Payload-Digest: {sha1(HEAD)}",), "warc-payload-digest"),
        ((f"WARC-Block-Digest: sha256:{hashlib.sha256(BODY).hexdigest()}",), "warc-block-digest"),
        (("WARC-Block-Digest: crc32:12345678", "WARC-Payload-Digest: sha1:not one"), None),
    ],
)
def test_a_wrong_digest_marks_the_document(fields: tuple[str, ...], mark: str | None, tmp_path: Path) -> None:
    assert marks(tmp_path, record(HEAD + BODY, *fields)) == [mark]


def test_nothing_is_compared_unless_the_recipe_says_so(tmp_path: Path) -> None:
    wrong = record(HEAD + BODY, f"WARC-Block-Digest: {sha1(BODY)}")

    assert marks(tmp_path, wrong, IngestOptions()) == [None]


def test_a_payload_in_chunks_may_have_been_counted_with_or_without_them(tmp_path: Path) -> None:
    chunks = b"%X\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    records = record(CHUNKED + chunks, f"WARC-Payload-Digest: {sha1(BODY)}")
    records += record(CHUNKED + chunks, f"WARC-Payload-Digest: {sha1(chunks)}")

    assert marks(tmp_path, records) == [None, None]


def test_records_of_wat_files_are_told(tmp_path: Path) -> None:
    wat = json.dumps({"Container": {}, "Envelope": {"Payload-Metadata": {}}}).encode()
    data = record(b"isPartOf: crawl", kind="warcinfo", of="application/warc-fields")
    data += record(wat, kind="metadata", of="application/json")
    data += record(b"fetchTimeMs: 7", kind="metadata", of="application/warc-fields")
    (tmp_path / "a.warc.wat").write_bytes(data)
    (item,) = read_file("web", tmp_path / "a.warc.wat")

    assert isinstance(item, Rejected)
    assert (item.reason, item.skipped, item.url) == ("wat_record", True, "http://a.example/")


def test_records_of_wet_files_are_texts(tmp_path: Path) -> None:
    data = record(b"WARC fields", kind="warcinfo", of="application/warc-fields")
    data += record(
        SENTENCE.encode(), f"WARC-Block-Digest: {sha1(SENTENCE.encode())}", kind="conversion", of="text/plain"
    )
    (tmp_path / "a.warc.wet").write_bytes(data)
    (item,) = read_file("web", tmp_path / "a.warc.wet", CHECKED)

    assert isinstance(item, Document)
    assert (item.text, item.html_bytes, item.metadata["content_type"]) == (SENTENCE, None, "text/plain")
    assert "wrong_digest" not in item.metadata
